"""Admission counters, rebuilt from the ledger: what is spent, and what is still held by requests under way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import orjson

from audit.ledger.rows import Hold
from audit.ledger.wire import Away, Rejected, Wire, text
from kit.errors import Unavailable

_BEGIN = "SELECT audit_begin_epoch($1, $2)"
_ROLL_UP = "SELECT audit_roll_up()::text"
_BALANCES = "SELECT audit_balances($1)::text"
_OUTCOMES = "SELECT audit_outcomes($1, $2)::text"


@dataclass(frozen=True, slots=True)
class SpentInPeriod:
    """Nano-USD settled of one budget in one period: `2026-11-21`, `2026-W47`, `2026-11`, `total`."""

    budget_id: UUID
    period: str
    nano_usd: int


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """Recorded as requested, without an outcome yet."""

    request_id: UUID
    team_id: UUID | None
    hold: Hold


@dataclass(frozen=True, slots=True)
class Balances:
    """Of one moment and complete for the organisation: a budget that is not named has spent nothing this period."""

    spent: tuple[SpentInPeriod, ...]
    open: tuple[OpenRequest, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a request was settled at, and the budgets charged; or `is_open`, with no figures yet."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano_usd: int = 0
    charged: frozenset[UUID] = frozenset()
    is_open: bool = False


class LedgerTruth:
    """Where counters that were lost come from. One connection, for the loop that calls. Raises `Unavailable`."""

    def __init__(self, conninfo: str) -> None:
        self._wire = Wire(conninfo, application_name="chancery-truth")

    async def begin_epoch(self, organization_id: UUID, epoch: str) -> None:
        """Returns when every row admitted under an earlier epoch is committed and visible, and no other can come.

        What was held under an earlier epoch and is not recorded yet is then refused as stale.
        """
        await self._call(_BEGIN, [organization_id.bytes, epoch.encode()])

    async def balances(self, organization_id: UUID) -> Balances:
        """What is spent in the periods that may still be charged, and all that is open, of one snapshot.

        Settlements that no task has rolled up yet are, first, a part at a time: where there are millions and the caller
        loses patience, what was done stays done.
        """
        while await self._call(_ROLL_UP, []) == "true":
            pass
        found = orjson.loads(await self._call(_BALANCES, [organization_id.bytes]))
        return Balances(
            tuple(SpentInPeriod(UUID(budget), period, nano_usd) for budget, period, nano_usd in found["spent"]),
            tuple(
                OpenRequest(UUID(request), UUID(team) if team else None, Hold.stored(hold))
                for request, team, hold in found["open"]
            ),
        )

    async def outcomes(self, organization_id: UUID, request_ids: Collection[UUID]) -> dict[UUID, Ended]:
        """How these requests ended. One that was never recorded is absent: no call was made for it."""
        found = orjson.loads(await self._call(_OUTCOMES, [organization_id.bytes, orjson.dumps(list(request_ids))]))
        return {UUID(request): _ended(outcome) for request, outcome in found.items()}

    async def close(self) -> None:
        await self._wire.close()

    async def _call(self, query: str, arguments: list[bytes]) -> str:
        try:
            [(answer,)] = await self._wire.call(query, arguments)
        except (Away, Rejected) as failure:
            raise Unavailable(
                "Counters cannot be rebuilt from the ledger now.",
                code="admission_unavailable",
                headers={"Retry-After": "1"},
            ) from failure
        return text(answer)


def _ended(outcome: tuple[int, int, int, list[str]] | None) -> Ended:
    if outcome is None:
        return Ended(is_open=True)
    input_tokens, output_tokens, cost_nano_usd, charged = outcome
    return Ended(input_tokens, output_tokens, cost_nano_usd, frozenset(UUID(budget) for budget in charged))
