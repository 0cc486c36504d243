"""Where budgets stand by the counters, asked for as a gateway asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from audit.usage.balances import LedgerTruth
from gateway.admission.admission import Admission
from gateway.admission.connection import Connection
from gateway.admission.holds import BudgetLine, Spending
from gateway.truth import Books

_NO_LIMIT = 10**15


async def stands(
    environment: Mapping[str, str], organization_id: UUID, budget_ids: Sequence[UUID], *, lease_seconds: int
) -> list[Spending]:
    """Of budgets that never end. Holds whose lease is over are ended first, as far as the books say how."""
    books = Books(LedgerTruth(environment["DATABASE_URL_GATEWAY"]), lease_seconds)
    admission = Admission(Connection(environment["REDIS_URL"]), books)
    try:
        await admission.sweep(organization_id)
        lines = [BudgetLine(budget_id, "", "organization", _NO_LIMIT, "total") for budget_id in budget_ids]
        return await admission.spending(organization_id, lines)
    finally:
        await admission.close()
        await books.close()
