"""The books as admission asks for them: the ledger's balances for the budgets the snapshot knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from audit.usage import balances as ledger
from gateway.admission.holds import Level
from gateway.admission.truth import Balances, OpenHold, Outcome, Spent
from gateway.snapshot.index import Snapshot
from gateway.spending import period_of
from kit import clock


class Books:
    """Implements `gateway.admission.truth.Truth`. Every method raises `errors.Unavailable` without PostgreSQL."""

    def __init__(self, truth: ledger.LedgerTruth, snapshot: Snapshot, lease_seconds: int) -> None:
        self._truth = truth
        self._snapshot = snapshot
        self._lease_seconds = lease_seconds

    async def begin_epoch(self, organization_id: UUID, epoch: str) -> None:
        await self._truth.begin_epoch(organization_id, epoch)

    async def balances(self, organization_id: UUID) -> Balances:
        found = await self._truth.balances(organization_id, self._periods(organization_id))
        return Balances(
            spent=[Spent(budget_id, period, nano_usd) for (budget_id, period), nano_usd in found.spent.items()],
            holds=[self._open_hold(organization_id, hold) for hold in found.open],
        )

    async def outcomes(self, organization_id: UUID, request_ids: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        found = await self._truth.outcomes(organization_id, request_ids)
        return {
            request_id: Outcome(is_open=True) if end is None else Outcome(end.tokens, end.cost_nano_usd)
            for request_id, end in found.items()
        }

    async def close(self) -> None:
        await self._truth.close()

    def _periods(self, organization_id: UUID) -> list[tuple[UUID, str]]:
        organization = self._snapshot.organizations.get(organization_id)
        zone = organization.time_zone if organization else "UTC"
        now = clock.now()
        budgets = self._snapshot.budgets.all(("organization", organization_id))
        return [(budget.id, period_of(budget, zone, now)[0]) for budget in budgets]

    def _open_hold(self, organization_id: UUID, hold: ledger.OpenHold) -> OpenHold:
        held = hold.hold
        levels: tuple[tuple[Level, UUID | None], ...] = (
            ("key", _id(held["api_key_id"])),
            ("project", _id(held["project_id"])),
            ("team", hold.team_id),
            ("organization", organization_id),
        )
        return OpenHold(
            request_id=hold.request_id,
            tokens=held["tokens"],
            cost_nano_usd=held["cost_nano_usd"],
            levels=tuple((level, level_id) for level, level_id in levels if level_id is not None),
            budgets=tuple((UUID(budget), period) for budget, period in held["budgets"].items()),
            lease_seconds=self._lease_seconds,
        )


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
