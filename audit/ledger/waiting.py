"""Rows that wait for the next batch, and the bounds on how many and for how long."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from audit.ledger.rows import Encoded, RequestedRow
from kit.errors import Unavailable

Written = Literal["written", "known", "duplicate", "corrected", "settled"]


class RowRefused(Unavailable):
    """The database refuses this row for good; others of its batch are not concerned. `reason` says why."""

    code = "ledger_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__("The record was refused by the ledger.")
        self.reason = reason


class StaleEpoch(RowRefused):
    """The hold was made under counters that are gone. Hold again, then record."""


@dataclass(slots=True, eq=False)
class WaitingRow:
    """`answer` is done when the caller has its answer, or has gone. `sent`: it may be in the database already."""

    encoded: Encoded
    answer: asyncio.Future[Written]
    deadline: float
    sent: bool = False

    @property
    def pointless(self) -> bool:
        """Nobody waits for it and nothing is lost with it: the call was never made. An outcome is never pointless."""
        return self.answer.done() and not self.sent and isinstance(self.encoded.row, RequestedRow)


class Waiting:
    """A queue bounded in rows and bytes."""

    def __init__(self, *, max_rows: int, max_bytes: int) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._bytes = 0
        self._rows: deque[WaitingRow] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[WaitingRow]:
        return iter(self._rows)

    def add(self, waiting: WaitingRow) -> None:
        """Raises `Unavailable` when full."""
        if len(self._rows) >= self._max_rows or self._bytes + waiting.encoded.size > self._max_bytes:
            raise unavailable()
        self._rows.append(waiting)
        self._bytes += waiting.encoded.size
        self._filled.set()

    async def take(self, most: int) -> list[WaitingRow]:
        """Up to `most` rows, oldest first; waits for the first one."""
        taken: list[WaitingRow] = []
        while not taken:
            await self._filled.wait()
            while self._rows and len(taken) < most:
                waiting = self._rows.popleft()
                self._bytes -= waiting.encoded.size
                if not waiting.pointless:
                    taken.append(waiting)
            if not self._rows:
                self._filled.clear()
        return taken


def unavailable() -> Unavailable:
    return Unavailable(
        "The record could not be made durable; no call was made for it.",
        code="ledger_unavailable",
        headers={"Retry-After": "1"},
    )
