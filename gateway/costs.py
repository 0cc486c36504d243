"""What a team has spent and has left, and usage by whatever it is told apart by, as callers ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.usage.sums import Sums, UsageSums, Wanted
from gateway.admission.admission import Admission
from gateway.admission.holds import BudgetLine
from gateway.caller import Caller
from gateway.snapshot.index import Snapshot
from gateway.spending import period_of
from kit import errors
from tenants.models.money import allowance_of

ORGANIZATION_SCOPE = "costs:organisation"
_MONTH = "%Y-%m"
_FIRST = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Report:
    """Nano-USD, of the period of the team's budget, else of the month.

    Of a budget, spent and held are what calls are admitted by; the sums are of quarter hours, up to their `as_of`.
    """

    team_id: UUID
    period: str
    time_zone: str
    budget: int | None
    spent: int
    held: int | None
    forecast: int | None
    by_model: Sums
    by_project: Sums
    by_day: Sums


def visible_team(snapshot: Snapshot, caller: Caller, named: str) -> UUID:
    """The team of that id, which is the caller's own, or any of the organisation with `costs:organisation`.

    Raises `errors.NotFound`: what belongs to others is told like what is not there.
    """
    unknown = errors.NotFound("There is no such team.", param="team")
    try:
        team_id = UUID(named)
    except ValueError:
        raise unknown from None
    team = snapshot.teams.get(team_id)
    if team is None or team.organization_id != caller.organization.id:
        raise unknown
    if team_id != caller.credential.team_id and ORGANIZATION_SCOPE not in caller.credential.scopes:
        raise unknown
    return team_id


async def report(
    snapshot: Snapshot, admission: Admission, usage: UsageSums, caller: Caller, team_id: UUID, now: datetime
) -> Report:
    """Raises `errors.Unavailable`."""
    organization = caller.organization
    line = _budget_of(snapshot, caller, team_id, now)
    local = now.astimezone(ZoneInfo(organization.time_zone))
    period = line.period if line else f"{local:{_MONTH}}"
    since = began_at(period, organization.time_zone)
    bounds = organization.id, team_id, since, now, organization.time_zone
    by_model = await usage.of(Wanted(*bounds, group_by="model"))
    by_project = await usage.of(Wanted(*bounds, group_by="project"))
    by_day = await usage.of(Wanted(*bounds, is_by_day=True))
    spending = (await admission.spending(organization.id, [line]))[0] if line else None
    spent = spending.spent_nano_usd if spending else by_day.nano_usd
    return Report(
        team_id=team_id,
        period=period,
        time_zone=organization.time_zone,
        budget=line.limit_nano_usd if line else None,
        spent=spent,
        held=spending.held_nano_usd if spending else None,
        forecast=_forecast(spent, since, _ends_at(line, local), now),
        by_model=by_model,
        by_project=by_project,
        by_day=by_day,
    )


def began_at(period: str, time_zone: str) -> datetime:
    """The first moment of a period by its name: `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, or `total`."""
    year, _, rest = period.partition("-")
    if not rest:
        first = _FIRST
    elif rest[0] == "W":
        first = date.fromisocalendar(int(year), int(rest[1:]), 1)
    elif rest[0] == "Q":
        first = date(int(year), 3 * int(rest[1:]) - 2, 1)
    else:
        first = date.fromisoformat(period if "-" in rest else f"{period}-01")
    return datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(time_zone))


def _budget_of(snapshot: Snapshot, caller: Caller, team_id: UUID, now: datetime) -> BudgetLine | None:
    """The team's budget for all it does: by the month, if there is one, else its first."""
    own = (budget for budget in snapshot.budgets.all(team_id) if not budget.each)
    shared = (budget for budget in snapshot.budgets.all(caller.organization.id) if budget.each == "team")
    found = [budget for budget in (*own, *shared) if not (budget.use_case or budget.model or budget.tag)]
    if not found:
        return None
    budget = next((one for one in found if one.period == "month"), found[0])
    period, resets_at = period_of(budget, caller.organization.time_zone, now)
    account_id = allowance_of(budget.id, team_id) if budget.each else None
    return BudgetLine(
        budget.id, budget.name, "team", budget.limit_nano_usd, period, resets_at=resets_at, account_id=account_id
    )


def _ends_at(line: BudgetLine | None, local: datetime) -> datetime | None:
    if line is not None:
        return line.resets_at
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def _forecast(spent: int, since: datetime, until: datetime | None, now: datetime) -> int | None:
    """What is spent so far, continued evenly to the end; none before a day has passed, and where there is no end."""
    elapsed = now - since.astimezone(UTC)
    if until is None or elapsed < timedelta(days=1):
        return None
    length = until - since.astimezone(UTC)  # two moments of one zone would be subtracted as their clocks show them
    return spent * (length // timedelta(seconds=1)) // (elapsed // timedelta(seconds=1))
