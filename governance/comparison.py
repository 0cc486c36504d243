"""What a request asks for against the approval in force, condition by condition."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from uuid import UUID

from django.utils import timezone

from governance import risk
from governance.models.approval import Asked, Conditions
from kit.data_class import DataClass

Change = Literal["same", "wider", "narrower", "new"]
ANY_DEPLOYMENT = "all, and those registered later"


@dataclass(frozen=True, slots=True)
class Compared:
    """One condition as text. `in_force` is empty where nothing is in force."""

    condition: str
    asked: str
    in_force: str
    change: Change


def compare(asked: Conditions, in_force: Conditions | None, names: Mapping[UUID, str]) -> list[Compared]:
    """Each condition of both; something added counts as wider even if something else is taken away.

    `names` are those of teams, use cases and deployments.
    """
    rows = [
        ("Data class, at most", _class_of, _class_change),
        ("Regions", lambda terms: _listed(terms.regions), _regions_change),
        ("Deployments", lambda terms: _named(terms.deployments, names) or ANY_DEPLOYMENT, _deployments_change),
        ("Teams", lambda terms: _named(terms.teams, names) or "all", _teams_change),
        ("Use cases", lambda terms: _named(terms.use_cases, names) or "any", _use_cases_change),
        ("Regions of callers", lambda terms: _listed(terms.caller_regions), _caller_regions_change),
        ("End", _end_of, _end_change),
    ]
    return [
        Compared(
            condition,
            text(asked),
            text(in_force) if in_force else "",
            change(asked, in_force) if in_force else "new",
        )
        for condition, text, change in rows
    ]


def revised(
    after: Asked,
    before: Asked,
    names: Mapping[UUID, str],
    evidence: tuple[Collection[str], Collection[str]] = ((), ()),
) -> list[Compared]:
    """What a revision asks differently from the one before. `evidence` are the titles that each rests on."""
    tiers = _ordered(after.risk_tier, before.risk_tier)
    rests_on, rested_on = (", ".join(sorted(titles)) or "nothing" for titles in evidence)
    rows = [
        *compare(after, before, names),
        Compared("Risk tier", after.get_risk_tier_display(), before.get_risk_tier_display(), tiers),
        *_answers(after, before),
        Compared("Evidence", rests_on, rested_on, "new"),
        Compared("Why", after.justification, before.justification, "new"),
    ]
    return [row for row in rows if row.asked != row.in_force]


def _answers(after: Asked, before: Asked) -> list[Compared]:
    """A question whose answer has more points is wider."""
    now, was = (
        {each.name: each for each in risk.assessment(asked).answered} if asked.answers is not None else {}
        for asked in (after, before)
    )
    return [
        Compared(
            (now.get(name) or was[name]).title,
            now[name].answer if name in now else "not answered",
            was[name].answer if name in was else "not answered",
            _ordered(now[name].points, was[name].points) if name in now and name in was else "new",
        )
        for name in dict.fromkeys([*now, *was])
    ]


def summary(rows: Collection[Compared]) -> str:
    """Why a request waits, in a few words."""
    if any(row.change == "new" for row in rows):
        return "No approval in force"
    wider = [_short(row) for row in rows if row.change == "wider"]
    if wider:
        return f"Wider: {', '.join(wider)}"
    narrower = [_short(row) for row in rows if row.change == "narrower"]
    return f"Narrower: {', '.join(narrower)}" if narrower else "Renews what is in force"


def _short(row: Compared) -> str:
    return row.condition.partition(",")[0].lower()


def _class_of(terms: Conditions) -> str:
    return DataClass(terms.max_data_class).label


def _listed(regions: Collection[str]) -> str:
    return ", ".join(sorted(regions)) or "any"


def _named(ids: Collection[UUID], names: Mapping[UUID, str]) -> str:
    return ", ".join(sorted(names.get(one, "one not shown") for one in ids))


def _end_of(terms: Conditions) -> str:
    return end_text(terms.expires_at) if terms.expires_at else "never"


def end_text(at: datetime) -> str:
    """In the organisation's time zone; what ends at a midnight is good through the day before."""
    local = timezone.localtime(at)
    if local.time() == time():
        return f"end of {local - timedelta(days=1):%d %b %Y}"
    return f"{local:%d %b %Y %H:%M}"


def _class_change(asked: Conditions, in_force: Conditions) -> Change:
    return _ordered(asked.max_data_class, in_force.max_data_class)


def _regions_change(asked: Conditions, in_force: Conditions) -> Change:
    return _widened(asked.regions, in_force.regions)


def _deployments_change(asked: Conditions, in_force: Conditions) -> Change:
    return _widened(asked.deployments, in_force.deployments)


def _teams_change(asked: Conditions, in_force: Conditions) -> Change:
    return _widened(asked.teams, in_force.teams)


def _use_cases_change(asked: Conditions, in_force: Conditions) -> Change:
    return _widened(asked.use_cases, in_force.use_cases)


def _caller_regions_change(asked: Conditions, in_force: Conditions) -> Change:
    return _widened(asked.caller_regions, in_force.caller_regions)


def _end_change(asked: Conditions, in_force: Conditions) -> Change:
    return _ordered(_or_never(asked.expires_at), _or_never(in_force.expires_at))


def _or_never(end: datetime | None) -> float:
    return end.timestamp() if end else float("inf")


def _ordered(asked: float, in_force: float) -> Change:
    if asked == in_force:
        return "same"
    return "wider" if asked > in_force else "narrower"


def _widened(asked: Collection[object], in_force: Collection[object]) -> Change:
    """An empty list means any."""
    if set(asked) == set(in_force):
        return "same"
    if not asked or (in_force and not set(asked) <= set(in_force)):
        return "wider"
    return "narrower"
