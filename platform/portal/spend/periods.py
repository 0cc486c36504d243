"""The periods that spend is looked at for, in the organisation's time zone, and what each is compared with."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from audit.usage.totals import Period

MONTH, LAST_MONTH, BETWEEN = "month", "last-month", "between"
NAMES = {
    MONTH: "This month",
    LAST_MONTH: "Last month",
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
    BETWEEN: "Between two days",
}
LONGEST = timedelta(days=400)
_DAY = timedelta(days=1)


def days_of(name: str, now: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last day; today, where it is not over."""
    today = now.astimezone(zone).date()
    first = today.replace(day=1)
    if name == LAST_MONTH:
        return (first - _DAY).replace(day=1), first - _DAY
    return (first if name == MONTH else today - int(name) * _DAY + _DAY), today


def period(first: date, last: date, now: datetime, time_zone: str) -> Period:
    """From midnight of the first day to the end of the last, or until now."""
    zone = ZoneInfo(time_zone)
    until = datetime.combine(last + _DAY, time(), zone)
    return Period(datetime.combine(first, time(), zone), min(until, max(now, until - _DAY)), time_zone)


def before(name: str, present: Period) -> Period:
    """The one of the same length before it: of a month, as far into the month before."""
    since, until = present.since.astimezone(present.zone), present.until.astimezone(present.zone)
    if name in (MONTH, LAST_MONTH):
        begin = (since - _DAY).replace(day=1)
        is_whole = name == LAST_MONTH
        return Period(
            begin, since if is_whole else min(since, begin + (_wall(until) - _wall(since))), present.time_zone
        )
    days = (until.date() - since.date()).days + (until.time() != time())
    return Period(since - days * _DAY, min(since, until - days * _DAY), present.time_zone)


def _wall(moment: datetime) -> datetime:
    """By the clock on the wall: days are as long as each other there."""
    return moment.replace(tzinfo=None)
