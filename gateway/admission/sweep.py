"""Holds whose lease is over: a worker died, or a settlement never reached Redis. The books say what became of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from gateway.admission.holds import Settled
from gateway.admission.truth import Outcome, Truth
from kit import metrics

logger = logging.getLogger(__name__)

_swept = metrics.counter(
    "chancery_holds_swept_total",
    "Holds whose lease was over and that were ended as the ledger has it: released (no such call) or settled.",
    "how",
)
_released, _settled = _swept.of("released"), _swept.of("settled")

Settle = Callable[[UUID, UUID, Outcome, bool], Awaitable[Settled]]


class Sweep:
    """Ends expired holds in the background, one organisation's one after another.

    What it cannot end, because the call is still open or the books cannot be read, Redis names again ten seconds
    later to whoever holds or settles next.
    """

    def __init__(self, truth: Truth, settle: Settle) -> None:
        self._truth = truth
        self._settle = settle
        self._waiting: dict[UUID, list[bytes]] = {}
        self._running: dict[UUID, asyncio.Task[None]] = {}

    def begin(self, organization_id: UUID, expired: Sequence[bytes]) -> None:
        self._waiting.setdefault(organization_id, []).extend(expired)
        if organization_id not in self._running:
            task = asyncio.create_task(self._work(organization_id), name="admission-sweep")
            self._running[organization_id] = task

    async def finished(self, organization_id: UUID) -> None:
        """Returns when nothing waits to be swept."""
        while task := self._running.get(organization_id):
            await asyncio.shield(task)

    async def close(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _work(self, organization_id: UUID) -> None:
        try:
            while expired := self._waiting.pop(organization_id, None):
                await self._end(organization_id, expired)
        except Exception:
            logger.exception("expired holds of organisation %s could not be swept", organization_id)
        finally:
            self._waiting.pop(organization_id, None)
            del self._running[organization_id]

    async def _end(self, organization_id: UUID, expired: Sequence[bytes]) -> None:
        request_ids = [UUID(request_id.decode()) for request_id in expired]
        outcomes = await self._truth.outcomes(organization_id, request_ids)
        for request_id in request_ids:
            outcome = outcomes.get(request_id)
            if outcome is None:
                await self._settle(organization_id, request_id, Outcome(), True)
                _released.value += 1
            elif not outcome.is_open:
                await self._settle(organization_id, request_id, outcome, False)
                _settled.value += 1
