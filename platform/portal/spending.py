"""Spend of the running month, for homes and the overview. Months and days begin in the organisation's time zone."""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from audit.usage import rollups
from audit.usage.forecast import Forecast, Habit, forecast
from audit.usage.spend import spend_by_day
from kit.money import NANO
from portal.burn_down import until


@dataclass(frozen=True, slots=True)
class Month:
    """Nano-USD. `by_day` has every day so far; `forecast` is of the whole month: none before a day of spend is over.

    What was settled by `as_of` is in it.
    """

    name: str
    time_zone: str
    spent: int
    requests: int
    by_day: list[tuple[date, int]]
    by_model: list[tuple[str, int, int]]
    forecast: Forecast | None
    as_of: datetime


def month_to_date(now: datetime, time_zone: str, known: Habit | None = None) -> Month:
    """Of the entered scope: a team's people see their teams' part. `known` is how it goes on."""
    local = now.astimezone(ZoneInfo(time_zone))
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    as_of = rollups.as_of()
    rows = spend_by_day(since=first, until=now, time_zone=time_zone)
    spent = sum(row.nano_usd for row in rows)
    days: dict[date, int] = defaultdict(int)
    models: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in rows:
        days[row.day] += row.nano_usd
        requests, cost = models[row.group]
        models[row.group] = requests + row.requests, cost + row.nano_usd
    end = (first + timedelta(days=calendar.monthrange(local.year, local.month)[1])).replace(day=1)
    return Month(
        name=f"{local:%B %Y}",
        time_zone=time_zone,
        spent=spent,
        requests=sum(row.requests for row in rows),
        by_day=[
            (first.date() + timedelta(days=day), days[first.date() + timedelta(days=day)]) for day in range(local.day)
        ],
        by_model=sorted(((name, *figures) for name, figures in models.items()), key=lambda row: -row[2]),
        forecast=forecast(spent, until(end, now, ZoneInfo(time_zone)), known) if known else None,
        as_of=as_of,
    )


def last_days(now: datetime, time_zone: str, days: int) -> list[tuple[date, int]]:
    """Each of the last days with its spend, today last and not over yet."""
    today = now.astimezone(ZoneInfo(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=days - 1)
    found: dict[date, int] = defaultdict(int)
    for row in spend_by_day(since=since, until=now, time_zone=time_zone):
        found[row.day] += row.nano_usd
    return [(since.date() + timedelta(days=day), found[since.date() + timedelta(days=day)]) for day in range(days)]


def as_chart(days: list[tuple[date, int]], colour: str) -> dict[str, object]:
    """Data for Chart.js. Floats, since they are drawn and not counted with."""
    bars = {
        "label": "USD",
        "data": [spent / NANO for _, spent in days],
        "backgroundColor": colour,
        "displayYAxis": True,
        "maxBarThickness": 18,
    }
    return {"labels": [f"{day:%d %b}" for day, _ in days], "datasets": [bars]}
