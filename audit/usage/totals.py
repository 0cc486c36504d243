"""Sums of usage for portal pages: within the entered scope, up to what `rollups.as_of` tells.

A period is read from whole days where they are kept for its time zone, and from quarter hours at its ends: a month
takes as many rows as it has days times the combinations in use, however many requests there were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate, TruncHour

from audit.models import UsageDay, UsageLabel, UsageLabelDay, UsageQuarter, UsageZone
from audit.querysets import equal
from kit import clock

Group = Literal[
    "team_id", "project_id", "api_key_id", "provider_id", "deployment_id", "use_case_id", "prompt_version_id", "model",
    "tier", "operation", "route", "pipeline", "cache", "outcome", "error",
]  # fmt: skip
Label = Literal["tag", "end_user"]
Per = Literal["day", "hour"]
_JUST_NOW = timedelta(minutes=1)
# When, and what of: (none, "small") where no `Per` was asked for.
Place = tuple[date | datetime | None, Any]

_SUMS = {
    "requests": Sum("requests", default=0),
    "errors": Sum("requests", filter=~Q(combination__outcome="completed"), default=0),
    "input_tokens": Sum("input_tokens", default=0),
    "cached_input_tokens": Sum("cached_input_tokens", default=0),
    "output_tokens": Sum("output_tokens", default=0),
    "nano_usd": Sum("cost_nano_usd", default=0),
    "estimated_nano_usd": Sum("estimated_nano_usd", default=0),
}
_OF_LABELS = {name: _SUMS[name] for name in ("requests", "input_tokens", "output_tokens", "nano_usd")}


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` until before `until`: the quarters that begin then. Days and hours are those of the time zone."""

    since: datetime
    until: datetime
    time_zone: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def whole_days(self) -> tuple[date, date]:
        """The first day that lies within, and the first that does not. Today does if nothing of it is later."""
        since, until = self.since.astimezone(self.zone), self.until.astimezone(self.zone)
        first = since.date() + timedelta(days=1) * (since != _midnight(since.date(), self.zone))
        if self.until > clock.now() - _JUST_NOW:
            until += timedelta(days=1)
        return first, max(first, until.date())


@dataclass(frozen=True, slots=True)
class Figures:
    """What was settled, late truths included. `errors` did not complete; `estimated_nano_usd` nobody has confirmed.

    Of labels, only requests, tokens and cost are counted.
    """

    requests: int = 0
    errors: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    nano_usd: int = 0
    estimated_nano_usd: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Figures)))


def totals(
    period: Period, group_by: Group | None = None, *, per: Per | None = None, of: Mapping[Group, Any] | None = None
) -> dict[Place, Figures]:
    """By day or hour, if asked for, and by group. `of` narrows down to equal values; what has no request is absent."""
    wanted = _of(of)
    found: dict[Place, Figures] = {}
    for rows in parts(period, per, UsageDay.objects.filter(wanted), UsageQuarter.objects.filter(wanted)):
        _add_up(found, rows, _SUMS, _column(group_by) if group_by else None)
    return found


def crossed(
    period: Period, groups: Sequence[Group], *, of: Mapping[Group, Any] | None = None
) -> dict[tuple[Any, ...], Figures]:
    """By several at once, in their order."""
    wanted = _of(of)
    found: dict[tuple[Any, ...], Figures] = {}
    for rows in parts(period, None, UsageDay.objects.filter(wanted), UsageQuarter.objects.filter(wanted)):
        _add_up(found, rows, _SUMS, *map(_column, groups))
    return {place[1:]: figures for place, figures in found.items()}


def labelled(
    period: Period,
    label: Label,
    *,
    per: Per | None = None,
    value: str | None = None,
    team_id: UUID | None = None,
    by_team: bool = False,
) -> dict[Place, Figures]:
    """By tag or end user, or of one of them by team; by nothing else, and they do not add up to a total."""
    wanted = Q(kind=label) & (Q() if value is None else Q(value=value)) & (Q(team_id=team_id) if team_id else Q())
    found: dict[Place, Figures] = {}
    for rows in parts(period, per, UsageLabelDay.objects.filter(wanted), UsageLabel.objects.filter(wanted)):
        _add_up(found, rows, _OF_LABELS, F("team_id") if by_team else F("value"))
    return found


def parts(period: Period, per: Per | None, days: QuerySet[Any], quarters: QuerySet[Any]) -> Iterator[QuerySet[Any]]:
    """The parts that the period consists of, each with `at`."""
    since, until = period.since, period.until
    first, last = period.whole_days()
    if per != "hour" and first < last and _days_are_whole(period.time_zone):
        within = days.filter(day__gte=first, day__lt=last)
        yield within.annotate(at=F("day")) if per else within
        ends = [(since, _midnight(first, period.zone)), (_midnight(last, period.zone), until)]
    else:
        ends = [(since, until)]
    for begin, end in ends:
        if begin < end:
            yield _dated(quarters.filter(starts_at__gte=begin, starts_at__lt=end), per, period.zone)


def _dated(quarters: QuerySet[Any], per: Per | None, zone: ZoneInfo) -> QuerySet[Any]:
    if per is None:
        return quarters
    begins = TruncDate if per == "day" else TruncHour
    dated: QuerySet[Any] = quarters.annotate(at=begins("starts_at", tzinfo=zone))
    return dated


def _add_up(found: dict[Any, Figures], rows: QuerySet[Any], sums: Mapping[str, Sum], *columns: F | None) -> None:
    """By when, where that is asked for, and what the columns hold."""
    by = ["at"] if "at" in rows.query.annotations else []
    told = {f"group_{number}": column for number, column in enumerate(columns) if column is not None}
    sought = {f"sum_of_{name}": added for name, added in sums.items()}  # a name of its own, beside the column's
    for row in rows.order_by().values(*by, **told).annotate(**sought):
        place = row.get("at"), *(row.get(f"group_{number}") for number in range(len(columns)))
        more = Figures(**{name: int(row[f"sum_of_{name}"]) for name in sums})
        found[place] = found.get(place, Figures()) + more


def _days_are_whole(time_zone: str) -> bool:
    return UsageZone.objects.filter(time_zone=time_zone, remade_until=None).exists()


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _of(narrowed: Mapping[Group, Any] | None) -> Q:
    return equal({f"combination__{name}": value for name, value in (narrowed or {}).items()})


def _column(group: Group) -> F:
    return F("team_id") if group == "team_id" else F(f"combination__{group}")
