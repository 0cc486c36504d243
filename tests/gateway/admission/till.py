"""One organisation's calls, at a time the test sets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from gateway.admission.admission import Admission
from gateway.admission.connection import Connection
from gateway.admission.holds import BudgetLine, Held, Hold, Level, Limit, Quantity, Rate, Settled, Spending, Window
from gateway.admission.share import LocalShare
from gateway.admission.truth import Outcome, Truth
from kit.ids import new_id
from tests.gateway.admission.books import Books, StaleEpoch


class Till:
    """`options` are those of the connection, which is patient unless told otherwise: tests share a busy machine."""

    def __init__(
        self,
        url: str,
        truth: Truth,
        *,
        organization_id: UUID | None = None,
        share: LocalShare | None = None,
        rebuild_timeout: float = 5.0,
        **options: Any,
    ) -> None:
        self.now_ms = 1_763_700_000_000
        self.organization_id = organization_id or new_id()
        self.connection = Connection(url, **{"connect_timeout": 10.0, "command_timeout": 10.0, **options})
        self.admission = Admission(
            self.connection, truth, share=share, rebuild_timeout=rebuild_timeout, now_ms=lambda: self.now_ms
        )

    def pass_time(self, *, seconds: float = 0, hours: float = 0) -> None:
        self.now_ms += int((seconds + hours * 3600) * 1000)

    def call(
        self,
        *lines: Limit | BudgetLine,
        tokens: int = 0,
        output_tokens: int = 0,
        cost: int = 0,
        lease_seconds: int = 60,
        request_id: UUID | None = None,
    ) -> Hold:
        """`tokens` are of input."""
        return Hold(
            request_id=request_id or new_id(),
            organization_id=self.organization_id,
            limits=tuple(line for line in lines if isinstance(line, Limit)),
            budgets=tuple(line for line in lines if isinstance(line, BudgetLine)),
            input_tokens=tokens,
            output_tokens=output_tokens,
            cost_nano_usd=cost,
            lease_seconds=lease_seconds,
        )

    async def hold(self, *lines: Limit | BudgetLine, **worst_case: Any) -> Hold:
        """A call that was let in."""
        call = self.call(*lines, **worst_case)
        await self.admission.hold(call)
        return call

    async def answer(self, *lines: Limit | BudgetLine, **worst_case: Any) -> Held:
        return await self.admission.hold(self.call(*lines, **worst_case))

    async def settle(
        self,
        call: Hold,
        *,
        tokens: int = 0,
        output_tokens: int = 0,
        cost: int = 0,
        charged: frozenset[UUID] | None = None,
    ) -> Settled:
        outcome = Outcome(tokens, output_tokens, cost, charged)
        return await self.admission.settle(self.organization_id, call.request_id, outcome)

    async def spending(self, *lines: BudgetLine) -> Sequence[Spending]:
        return await self.admission.spending(self.organization_id, lines)

    @property
    def epoch(self) -> str | None:
        return self.admission.current_epoch(self.organization_id)

    async def request(self, call: Hold, books: Books) -> None:
        """Holds the call and records it as requested, as often as the state is rebuilt in between."""
        while True:
            held = await self.admission.hold(call)
            try:
                books.request(call, held.epoch)
            except StaleEpoch:
                continue
            return

    async def swept(self) -> None:
        """Returns when no sweep runs in the background."""
        sweeps = [task for task in asyncio.all_tasks() if task.get_name() == "admission-sweep"]
        await asyncio.gather(*sweeps)


def limit(level: Level = "key", *, level_id: UUID | None = None, **ceilings: Any) -> Limit:
    """Ceilings as `RateLimit` names them: `requests_per_minute`, `output_tokens_per_day`, `concurrency`."""
    concurrency = ceilings.pop("concurrency", None)
    return Limit(level, level_id or new_id(), tuple(_rate(*named) for named in ceilings.items()), concurrency)


def _rate(name: str, ceiling: int) -> Rate:
    quantity, _, window = name.partition("_per_")
    return Rate(cast(Quantity, quantity), cast(Window, window), ceiling)


def budget(
    limit_nano_usd: int,
    period: str = "2026-11",
    *,
    name: str = "monthly",
    level: Level = "team",
    budget_id: UUID | None = None,
    resets_at: datetime | None = None,
) -> BudgetLine:
    return BudgetLine(budget_id or new_id(), name, level, limit_nano_usd, period, resets_at)
