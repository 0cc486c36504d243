"""The limits and budgets that bind a caller, in the form admission takes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast
from uuid import UUID

from gateway.admission.holds import QUANTITIES, WINDOWS, BudgetLine, Level, Limit, Rate
from gateway.snapshot.index import Snapshot
from tenants import periods
from tenants.models.money import RATES, allowance_of
from tenants.snapshot import BudgetEntry, RateLimitEntry

_NAMED = {f"{quantity}_per_{window}": (quantity, window) for quantity in QUANTITIES for window in WINDOWS}
_REQUESTS_PER_MINUTE = Rate("requests", "minute", 0).code


LevelIds = tuple[tuple[Level, UUID], ...]


def limits(snapshot: Snapshot, levels: LevelIds, end_user: UUID | None = None) -> tuple[Limit, ...]:
    """One for each level that has rate limits: its own, else the narrowest that are set for each of its kind.

    `levels` are those of the caller, narrowest first; `end_user` is whom it calls for.
    """
    found = snapshot.rate_limits.one
    chosen = [] if end_user is None else _of_end_user(snapshot, levels, end_user)
    for position, (level, level_id) in enumerate(levels):
        entry = found((level_id, ""))
        for _, around in levels[position + 1 :]:
            if entry is not None:
                break
            entry = found((around, level))
        if entry is not None:
            chosen.append(_limit(entry, level, level_id))
    return tuple(chosen)


def counts_end_users(snapshot: Snapshot, levels: LevelIds) -> bool:
    """Whether anything that binds the caller counts each end user by itself."""
    return any(
        snapshot.rate_limits.one((level_id, "end_user")) is not None
        or any(budget.each == "end_user" for budget in snapshot.budgets.all(level_id))
        for _, level_id in levels
    )


@dataclass(frozen=True, slots=True)
class Charge:
    """What a call is charged by, besides who makes it: `models` are those that it may go to."""

    end_user: UUID | None = None
    use_case: str = ""
    models: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()

    def falls_to(self, budget: BudgetEntry) -> bool:
        return (
            (not budget.use_case or budget.use_case == self.use_case)
            and (not budget.model or budget.model in self.models)
            and (not budget.tag or budget.tag in self.tags)
            and (budget.each != "end_user" or self.end_user is not None)
        )

    def limit_of(self, budget: BudgetEntry, at: datetime) -> int:
        """With what is granted on top of it at the time.

        One that downgrades keeps a part of its limit for calls that go to the cheaper model alone.
        """
        limit = budget.limit_nano_usd + sum(amount for amount, until in budget.increases if at < until)
        if not budget.downgrade_model or self.models == {budget.downgrade_model}:
            return limit
        return limit * budget.downgrade_at_percent // 100


def budget_lines(
    snapshot: Snapshot, levels: LevelIds, charge: Charge, time_zone: str, at: datetime
) -> tuple[BudgetLine, ...]:
    """Every budget of every level that the call falls to, in the period that `at` falls in; of one for each, that of
    the caller's own."""
    members: dict[str, UUID | None] = {"": None, "end_user": charge.end_user, **dict(levels)}
    return tuple(
        _line(budget, members[budget.each], charge.limit_of(budget, at), *period_of(budget, time_zone, at))
        for _, level_id in levels
        for budget in snapshot.budgets.all(level_id)
        if charge.falls_to(budget)
    )


def requests_per_minute(limits: tuple[Limit, ...]) -> int | None:
    """The fewest that any of the limits lets pass."""
    ceilings = (rate.ceiling for limit in limits for rate in limit.rates if rate.code == _REQUESTS_PER_MINUTE)
    return min(ceilings, default=None)


def period_of(budget: BudgetEntry, time_zone: str, at: datetime) -> tuple[str, datetime | None]:
    """As `tenants.periods.period_of`, of a budget."""
    return periods.period_of(budget.period, time_zone, at)


def period_names(time_zone: str, at: datetime) -> frozenset[str]:
    """Of every kind of period, the one that `at` falls in."""
    kinds = ("day", "week", "month", "quarter", "total")
    return frozenset(periods.period_of(kind, time_zone, at)[0] for kind in kinds)


def _of_end_user(snapshot: Snapshot, levels: LevelIds, end_user: UUID) -> list[Limit]:
    """The narrowest, or none."""
    for _, level_id in levels:
        if entry := snapshot.rate_limits.one((level_id, "end_user")):
            return [_limit(entry, "end_user", allowance_of(entry.id, end_user))]
    return []


@lru_cache(maxsize=65_536)
def _limit(entry: RateLimitEntry, level: Level, level_id: UUID) -> Limit:
    rates = (
        Rate(*_NAMED[name], ceiling) for name, ceiling in zip(RATES, entry.rates, strict=True) if ceiling is not None
    )
    return Limit(level, level_id, tuple(rates), entry.concurrency)


@lru_cache(maxsize=65_536)
def _line(
    budget: BudgetEntry, member: UUID | None, limit_nano_usd: int, period: str, resets_at: datetime | None
) -> BudgetLine:
    return BudgetLine(
        budget.id,
        budget.name,
        cast(Level, budget.each or budget.level),
        limit_nano_usd,
        period,
        resets_at,
        account_id=member and allowance_of(budget.id, member),
        model=budget.model,
        only_warns=budget.only_warns,
        downgrade_model=budget.downgrade_model,
        per_request_nano_usd=budget.per_request_nano_usd,
    )
