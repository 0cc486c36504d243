"""The periods of budgets: their names, and when they begin and end, in the organisation's time zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_QUARTER_HOUR = 900  # offsets of time zones are multiples of it, and so are midnights


def period_of(period: str, time_zone: str, at: datetime) -> tuple[str, datetime | None]:
    """The name of the period `at` falls in, and when the next one begins.

    Names of one budget's periods order as text: `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, `total`.
    """
    return _period(period, time_zone, int(at.timestamp()) // _QUARTER_HOUR)


def midnight(time_zone: str, at: datetime) -> datetime:
    """When the day of `at` began."""
    return at.astimezone(ZoneInfo(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)


@lru_cache(maxsize=1024)
def _period(period: str, time_zone: str, quarter_hour: int) -> tuple[str, datetime | None]:
    local = datetime.fromtimestamp(quarter_hour * _QUARTER_HOUR, ZoneInfo(time_zone))
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return f"{local:%Y-%m-%d}", today + timedelta(days=1)
    if period == "week":
        return f"{local:%G-W%V}", today + timedelta(days=7 - local.weekday())
    if period == "month":
        return f"{local:%Y-%m}", (today.replace(day=28) + timedelta(days=4)).replace(day=1)
    if period == "quarter":
        quarter = (local.month + 2) // 3
        first = today.replace(month=3 * quarter, day=28) + timedelta(days=4)
        return f"{local:%Y}-Q{quarter}", first.replace(day=1)
    return "total", None
