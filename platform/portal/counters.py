"""Admission's counters beside the books they are a copy of: for whoever wonders where a budget stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.conf import settings

from audit.usage.balances import LedgerTruth
from gateway.admission.admission import Admission
from gateway.admission.connection import Connection
from gateway.admission.holds import BudgetLine, Level
from gateway.admission.truth import Balances
from gateway.spending import period_of
from gateway.truth import Books
from portal.budget_use import entry_of
from tenants.models import Budget, Organization

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Compared:
    """One budget in its present period, nano-USD. What is held changes between the two looks while calls run."""

    line: BudgetLine
    spent: int
    spent_by_the_books: int
    held: int
    held_by_the_books: int

    @property
    def agrees(self) -> bool:
        return (self.spent, self.held) == (self.spent_by_the_books, self.held_by_the_books)


def lines_of(organization: Organization, now: datetime) -> list[BudgetLine]:
    """Every active budget of the organisation that is one account, by name; not those for each of many."""
    budgets = (
        Budget.across_tenants.using(SYSTEM).filter(organization=organization, is_active=True, each="").order_by("name")
    )
    return [
        BudgetLine(
            budget.id,
            budget.name,
            cast(Level, budget.level),
            budget.limit_nano_usd,
            *period_of(entry_of(budget), organization.time_zone, now),
        )
        for budget in budgets
    ]


async def compare(organization: Organization, lines: list[BudgetLine], *, rebuild: bool = False) -> list[Compared]:
    """Where each budget stands; with `rebuild` after the counters were made anew from the books.

    Counters that are missing are rebuilt by looking at them. Raises `errors.Unavailable`.
    """
    books = Books(LedgerTruth(settings.GATEWAY_DSN), settings.HOLD_LEASE_SECONDS)
    admission = Admission(Connection(settings.REDIS_URL), books)
    try:
        counted = await admission.spending(organization.id, lines)
        if rebuild:
            await admission.rebuild(organization.id, unwanted_epoch=admission.current_epoch(organization.id) or "")
            counted = await admission.spending(organization.id, lines)
        known = await books.balances(organization.id)
    finally:
        await admission.close()
        await books.close()
    return [
        Compared(line, one.spent_nano_usd, _spent(known, line), one.held_nano_usd, _held(known, line))
        for line, one in zip(lines, counted, strict=True)
    ]


def _spent(known: Balances, line: BudgetLine) -> int:
    return sum(one.nano_usd for one in known.spent if (one.budget_id, one.period) == (line.budget_id, line.period))


def _held(known: Balances, line: BudgetLine) -> int:
    return sum(one.cost_nano_usd for one in known.holds if (line.budget_id, line.period) in one.budgets)
