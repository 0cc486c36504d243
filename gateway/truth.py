"""The books as admission asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from audit.usage import balances as ledger
from gateway.admission.holds import Level
from gateway.admission.truth import Balances, OpenHold, Outcome, Spent


class Books:
    """Implements `gateway.admission.truth.Truth`. Every method raises `errors.Unavailable` without PostgreSQL."""

    def __init__(self, truth: ledger.LedgerTruth, lease_seconds: int) -> None:
        self._truth = truth
        self._lease_seconds = lease_seconds

    async def begin_epoch(self, organization_id: UUID, epoch: str) -> None:
        await self._truth.begin_epoch(organization_id, epoch)

    async def balances(self, organization_id: UUID) -> Balances:
        found = await self._truth.balances(organization_id)
        return Balances(
            spent=[Spent(one.budget_id, one.period, one.nano_usd) for one in found.spent],
            holds=[self._open_hold(organization_id, request) for request in found.open],
        )

    async def outcomes(self, organization_id: UUID, request_ids: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        found = await self._truth.outcomes(organization_id, request_ids)
        return {
            request_id: Outcome(
                end.input_tokens, end.output_tokens, end.cost_nano_usd, end.charged, is_open=end.is_open
            )
            for request_id, end in found.items()
        }

    async def close(self) -> None:
        await self._truth.close()

    def _open_hold(self, organization_id: UUID, request: ledger.OpenRequest) -> OpenHold:
        held = request.hold
        levels: tuple[tuple[Level, UUID | None], ...] = (
            ("key", held.api_key_id),
            ("project", held.project_id),
            ("team", request.team_id),
            ("organization", organization_id),
            *(("end_user", level_id) for level_id in held.end_user_levels),
        )
        return OpenHold(
            request_id=request.request_id,
            input_tokens=held.input_tokens,
            output_tokens=held.tokens - held.input_tokens,
            cost_nano_usd=held.cost_nano_usd,
            levels=tuple((level, level_id) for level, level_id in levels if level_id is not None),
            budgets=tuple((UUID(budget), period) for budget, period in held.budgets.items()),
            lease_seconds=self._lease_seconds,
        )
