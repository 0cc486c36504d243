"""How spend goes on from here: of a month, and of budgets until they start again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.usage.forecast import PATTERN_DAYS, Forecast, Habit, days_between, forecast, habit, runs_out_on
from audit.usage.totals import Period, totals
from portal.budget_use import InUse
from tenants.models import Period as BudgetPeriod

_DAY = timedelta(days=1)
_AHEAD = timedelta(days=90)  # of a budget that never starts again


@dataclass(frozen=True, slots=True)
class Course:
    """`forecast` is of what is spent when the budget starts again. Without a day, the budget lasts until then."""

    forecast: Forecast
    runs_out_on: date | None


def habit_of(now: datetime, time_zone: str) -> Habit | None:
    """From the whole days of the last eight weeks that the entered scope sees, from the first on which it spent."""
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    midnight = datetime.combine(today, time(), zone)
    found = totals(Period(midnight - PATTERN_DAYS * _DAY, midnight, time_zone), per="day")
    spent = {day: figures.nano_usd for (day, _), figures in found.items() if day is not None}
    if not spent:
        return None
    return habit({day: spent.get(day, 0) for day in days_between(min(spent), today - _DAY)})


def until(end: datetime, now: datetime, zone: ZoneInfo) -> dict[date, float]:
    """The days to come, each with the share of it that is: of today, what is left."""
    local, last = now.astimezone(zone), (end - timedelta(microseconds=1)).astimezone(zone).date()
    rest = dict.fromkeys(days_between(local.date() + _DAY, last), 1.0)
    return {local.date(): 1 - _share(local), **rest} if now < end else {}


def courses(uses: Iterable[InUse], known: Habit | None, *, now: datetime, time_zone: str) -> dict[UUID, Course]:
    """Of budgets that have gone on for a day at least; those of a day start again before a forecast is worth it.

    A budget goes on at the pace that it has had, with the weekdays of the whole.
    """
    zone = ZoneInfo(time_zone)
    found = {}
    for use in uses:
        since = max(use.since, use.budget.created_at)
        if known and use.spent and use.budget.period != BudgetPeriod.DAY and now - since >= _DAY:
            rest = until(use.resets_at or now + _AHEAD, now, zone)
            own = known.at_level(use.spent, _gone(since, now, zone))
            left = use.limit - use.spent
            found[use.budget.id] = Course(forecast(use.spent, rest, own), runs_out_on(left, rest, own))
    return found


def _gone(since: datetime, now: datetime, zone: ZoneInfo) -> dict[date, float]:
    """The days since, each with the share of it that is over."""
    begin, local = since.astimezone(zone), now.astimezone(zone)
    shares = dict.fromkeys(days_between(begin.date(), local.date()), 1.0)
    shares[begin.date()] -= _share(begin)
    shares[local.date()] -= 1 - _share(local)
    return shares


def _share(local: datetime) -> float:
    """Of the day that is over."""
    return (local.hour * 3600 + local.minute * 60 + local.second) / 86_400
