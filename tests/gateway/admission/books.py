"""Books kept in memory: what PostgreSQL holds in the product, with the same promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from gateway.admission.holds import Hold
from gateway.admission.truth import Balances, OpenHold, Outcome, Spent


class StaleEpoch(Exception):
    """The hold is of a state that has been rebuilt without it."""


class Books:
    """Of one organisation: which calls were requested, which are settled, and the epoch their holds must be of."""

    def __init__(self) -> None:
        self.epoch = ""
        self.epochs: list[str] = []
        self.requested: dict[UUID, Hold] = {}
        self.settled: dict[UUID, Outcome] = {}
        self.asked = 0

    def request(self, hold: Hold, epoch: str | None) -> None:
        if epoch != self.epoch:
            raise StaleEpoch
        self.requested[hold.request_id] = hold

    def settle(self, request_id: UUID, *, tokens: int, cost_nano_usd: int, output_tokens: int = 0) -> None:
        self.settled.setdefault(request_id, Outcome(tokens, output_tokens, cost_nano_usd))

    def open(self) -> list[Hold]:
        return [hold for request_id, hold in self.requested.items() if request_id not in self.settled]

    async def begin_epoch(self, organization_id: UUID, epoch: str) -> None:
        self.epoch = epoch
        self.epochs.append(epoch)

    async def balances(self, organization_id: UUID) -> Balances:
        spent: dict[tuple[UUID, str], int] = {}
        for request_id, outcome in self.settled.items():
            for line in self.requested[request_id].budgets:
                key = (line.budget_id, line.period)
                spent[key] = spent.get(key, 0) + outcome.cost_nano_usd
        return Balances(
            spent=[Spent(budget_id, period, nano_usd) for (budget_id, period), nano_usd in spent.items()],
            holds=[_open(hold) for hold in self.open()],
        )

    async def outcomes(self, organization_id: UUID, request_ids: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        self.asked += 1
        return {
            request_id: self.settled.get(request_id, Outcome(is_open=True))
            for request_id in request_ids
            if request_id in self.requested
        }


def _open(hold: Hold) -> OpenHold:
    return OpenHold(
        hold.request_id,
        hold.input_tokens,
        hold.output_tokens,
        hold.cost_nano_usd,
        tuple((limit.level, limit.level_id) for limit in hold.limits),
        tuple((line.budget_id, line.period) for line in hold.budgets),
        hold.lease_seconds,
    )
