"""The durable side: what the counters in Redis are a copy of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from gateway.admission.holds import Level


@dataclass(frozen=True, slots=True)
class Spent:
    """The settled sum of one budget in one period."""

    budget_id: UUID
    period: str
    nano_usd: int


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A call that is recorded as requested and has no outcome yet, with what it was admitted at.

    `levels` are those of its limits; `budgets` are (budget, period).
    """

    request_id: UUID
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int
    levels: tuple[tuple[Level, UUID], ...]
    budgets: tuple[tuple[UUID, str], ...]
    lease_seconds: int = 120


@dataclass(frozen=True, slots=True)
class Balances:
    """Everything the counters of one organisation are made of.

    Complete for the whole organisation, whichever call found the counters missing: a budget that is not named has
    nothing spent. Both parts are read from one snapshot of the database.
    """

    spent: Sequence[Spent] = ()
    holds: Sequence[OpenHold] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: settled at so much; or, `is_open`, not yet.

    `charged` are the budgets that pay, of those that were held; None: all of them.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano_usd: int = 0
    charged: frozenset[UUID] | None = None
    is_open: bool = field(default=False, kw_only=True)


class Truth(Protocol):
    """Read when Redis has lost an organisation's counters, and for the holds of a worker that died."""

    async def begin_epoch(self, organization_id: UUID, epoch: str) -> None:
        """Makes `epoch` the organisation's, durably, before its balances are read.

        A call whose hold names another epoch must not become `requested` any more: its hold may not be among the
        balances. It holds again instead.
        """

    async def balances(self, organization_id: UUID) -> Balances: ...

    async def outcomes(self, organization_id: UUID, request_ids: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        """How these calls ended. A call that was never recorded is absent: nothing was sent for it."""
