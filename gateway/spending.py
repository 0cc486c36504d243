"""The limits and budgets that bind a caller, in the form admission takes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gateway.admission.holds import BudgetLine, Limit
from gateway.snapshot.index import Snapshot
from tenants.snapshot import BudgetEntry, RateLimitEntry


def limits(snapshot: Snapshot, level_ids: tuple[tuple[str, object], ...]) -> tuple[Limit, ...]:
    """One for each level that has rate limits."""
    found = (snapshot.rate_limits.one(level_id) for _, level_id in level_ids)
    return tuple(_limit(entry) for entry in found if entry is not None)


def budget_lines(
    snapshot: Snapshot, level_ids: tuple[tuple[str, object], ...], time_zone: str, at: datetime
) -> tuple[BudgetLine, ...]:
    """Every budget of every level, in the period that `at` falls in."""
    return tuple(
        _line(budget, *period_of(budget, time_zone, at))
        for _, level_id in level_ids
        for budget in snapshot.budgets.all(level_id)
    )


def period_of(budget: BudgetEntry, time_zone: str, at: datetime) -> tuple[str, datetime | None]:
    """The name of the period `at` falls in, in the organisation's time zone, and when the next one begins.

    Names of one budget's periods order as text: `2026-11-21`, `2026-W47`, `2026-11`, `total`.
    """
    return _period(budget.period, time_zone, int(at.timestamp()) // _QUARTER_HOUR)


_QUARTER_HOUR = 900  # offsets of time zones are multiples of it, and so are midnights


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
    return "total", None


@lru_cache(maxsize=65_536)
def _limit(entry: RateLimitEntry) -> Limit:
    return Limit(
        entry.level,
        entry.level_id,
        entry.requests_per_minute,
        entry.tokens_per_minute,
        entry.concurrency,
    )


@lru_cache(maxsize=65_536)
def _line(budget: BudgetEntry, period: str, resets_at: datetime | None) -> BudgetLine:
    return BudgetLine(budget.id, budget.name, budget.level, budget.limit_nano_usd, period, resets_at)
