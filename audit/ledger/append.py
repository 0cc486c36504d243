"""How rows come into the ledger: `append_act` beside a change, and for inference the group-committing `Writer`.

Rows that wait at the same time share one transaction; each caller waits for its own. A `requested` is durable
before the call is made, an outcome before the answer ends.
"""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Self, cast
from uuid import UUID

from audit.ledger.acts import append_act
from audit.ledger.closing import given_up, unrecordable
from audit.ledger.rows import Columns, Encoded, OutcomeRow, RequestedRow, Row, encoded
from audit.ledger.waiting import RowRefused, StaleEpoch, Waiting, WaitingRow, Written, unavailable
from audit.ledger.wire import Away, Rejected, Value, Wire, bytea_array, text, uuid_value
from kit import metrics
from kit.clock import monotonic
from kit.errors import Unavailable
from kit.ids import new_id

__all__ = ["RowRefused", "StaleEpoch", "Writer", "append_act"]

logger = logging.getLogger(__name__)

_APPEND = "SELECT id, verdict FROM audit_append($1, $2, $3, $4, $5, $6)"
_CORRECT = "SELECT audit_correct($1, $2, $3, $4, $5, $6)"
_BEAT = "SELECT audit_beat($1, $2)"
_BEAT_SECONDS = 5.0
# A writer silent for longer than `orphans.SILENT_FOR` is taken for dead. It does not write again unannounced.
_UNANNOUNCED_SECONDS = 15.0
_TICK_SECONDS = 0.1
_PAUSE_SECONDS = 0.1
_batch_rows = metrics.histogram(
    "chancery_ledger_batch_rows", "Rows that one transaction made durable.", bounds=(1, 2, 4, 8, 16, 32, 64)
).of()
_commit_seconds = metrics.histogram("chancery_ledger_commit_seconds", "What each of these transactions took.").of()


class Writer:
    """Appends for one gateway process. Start it in the loop that uses it.

    `patience_seconds` is how long a caller waits before it is told `ledger_unavailable`; the bounds on what waits
    are in rows and in bytes. So many `connections` commit at the same time.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        writer_id: UUID | None = None,
        connections: int = 1,
        max_batch: int = 64,
        max_waiting: int = 4096,
        max_waiting_bytes: int = 64 * 1024 * 1024,
        patience_seconds: float = 5.0,
    ) -> None:
        self.id = writer_id or new_id()
        self._wires = [Wire(conninfo) for _ in range(connections)]
        self._max_batch = max_batch
        self._patience_seconds = patience_seconds
        self._waiting = Waiting(max_rows=max_waiting, max_bytes=max_waiting_bytes)
        self._in_flight: set[WaitingRow] = set()
        self._open: set[UUID] = set()
        self._beaten_at = float("-inf")
        self._tasks: list[asyncio.Task[None]] = []

    async def requested(self, row: RequestedRow) -> None:
        """Returns when the row is durable: only then may the call be made.

        Raises `StaleEpoch`, `RowRefused`, or `Unavailable` (`ledger_unavailable`). After any of these, and when
        the caller is cancelled, the request is not open in the ledger, or will be closed at no cost.
        """
        self._open.add(row.id)
        try:
            await self._append(row)
        except BaseException:
            self._open.discard(row.id)
            raise

    async def outcome(self, row: OutcomeRow) -> Written:
        """Returns when the outcome is durable; only then may the answer end. The first one of a request counts.

        `written`; `duplicate` or `known`: this very row was there; `corrected`: the request had been taken for an
        orphan, the truth is now beside it; `settled`: another outcome was first. Raises `RowRefused`, or
        `Unavailable`: then the row is still written as soon as it can be, unless the queue was full.
        """
        return await self._append(row)

    @property
    def is_connected(self) -> bool:
        """Whether PostgreSQL has answered of late."""
        return monotonic() - self._beaten_at < _UNANNOUNCED_SECONDS

    @property
    def backlog(self) -> int:
        """Rows that wait for a batch or for its commit."""
        return len(self._waiting) + len(self._in_flight)

    async def start(self) -> Self:
        self._tasks = [asyncio.create_task(self._serve(wire)) for wire in self._wires]
        self._tasks += [asyncio.create_task(self._keep_time()), asyncio.create_task(self._keep_beating())]
        return self

    async def close(self, *, patience_seconds: float = 5.0) -> None:
        """Waits for what is under way; what is not written by then is left to the reaper of orphans."""
        until = monotonic() + patience_seconds
        while self.backlog and monotonic() < until:
            await asyncio.sleep(_TICK_SECONDS / 10)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._expire(at=float("inf"))
        for wire in self._wires:
            await wire.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _append(self, row: Row) -> asyncio.Future[Written]:
        if not self._tasks:
            raise unavailable()
        waiting = self._waiting_row(row)
        self._waiting.add(waiting)
        return waiting.answer

    def _waiting_row(self, row: Row) -> WaitingRow:
        answer: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        return WaitingRow(encoded(row), answer, monotonic() + self._patience_seconds)

    def _waited(self, waiting: WaitingRow) -> float:
        """Seconds since it was given."""
        return monotonic() - (waiting.deadline - self._patience_seconds)

    async def _serve(self, wire: Wire) -> None:
        while True:
            batch = await self._waiting.take(self._max_batch)
            self._in_flight.update(batch)
            await self._write(wire, batch)
            self._in_flight.difference_update(batch)

    async def _write(self, wire: Wire, batch: list[WaitingRow]) -> None:
        """One transaction, tried until PostgreSQL answers: rows are known by their ids, so a second try changes
        nothing. Row by row if it is refused as a whole, so that a poisoned row fails alone.
        """
        while batch := [waiting for waiting in batch if not waiting.pointless]:
            try:
                await self._announce(wire)
                began = monotonic()
                for waiting in batch:
                    waiting.sent = True
                exceptions = await wire.call(_APPEND, self._arguments([waiting.encoded for waiting in batch]))
            except Away as away:
                await self._wait_out(away)
            except Rejected as rejected:
                return await self._isolate(wire, batch, rejected)
            else:
                _commit_seconds.observe(monotonic() - began)
                _batch_rows.observe(len(batch))
                verdicts = {row_id: text(verdict) for row_id, verdict in exceptions}
                for waiting in batch:
                    await self._conclude(wire, waiting, verdicts.get(waiting.encoded.row.id.bytes, "written"))
                return None
        return None

    async def _isolate(self, wire: Wire, batch: list[WaitingRow], rejected: Rejected) -> None:
        if len(batch) == 1:
            logger.error("a record was refused with SQLSTATE %s", rejected.sqlstate)
            await self._refuse_for_good(wire, batch[0], rejected.sqlstate)
        else:
            for waiting in batch:
                await self._write(wire, [waiting])

    async def _conclude(self, wire: Wire, waiting: WaitingRow, verdict: str) -> None:
        row = waiting.encoded.row
        if verdict == "stale":
            self._refuse(waiting, StaleEpoch(verdict))
        elif verdict in ("forged", "skewed"):
            await self._refuse_for_good(wire, waiting, verdict)
        elif isinstance(row, RequestedRow):
            if waiting.answer.done():  # told that it was not recorded, or gone
                await self._close(wire, given_up(row, after_seconds=self._waited(waiting)))
            else:
                waiting.answer.set_result("written")
        else:
            late = verdict == "known" and row.settlement is not None
            self._open.discard(row.request_id)
            self._answer(waiting, await self._correct(wire, row) if late else verdict)

    async def _refuse_for_good(self, wire: Wire, waiting: WaitingRow, reason: str) -> None:
        """Its call does not stay open for that."""
        self._refuse(waiting, RowRefused(reason))
        row = waiting.encoded.row
        if isinstance(row, OutcomeRow) and row.settlement is not None and row.request_id in self._open:
            self._open.discard(row.request_id)
            await self._close(wire, unrecordable(row, row.settlement.hold))

    async def _close(self, wire: Wire, row: OutcomeRow) -> None:
        """Writes an outcome that nobody waits for."""
        waiting = self._waiting_row(row)
        waiting.answer.add_done_callback(asyncio.Future.exception)
        await self._write(wire, [waiting])

    async def _correct(self, wire: Wire, row: OutcomeRow) -> str:
        """What became of an outcome whose request was settled before: by an earlier try, by the reaper, by another."""
        arguments = self._arguments([encoded(row, settling=False)])
        while True:
            try:
                await self._announce(wire)
                [(verdict,)] = await wire.call(_CORRECT, arguments)
            except Away as away:
                await self._wait_out(away)
            except Rejected as rejected:
                return rejected.sqlstate
            else:
                return text(verdict)

    def _arguments(self, rows: list[Encoded]) -> list[Value]:
        columns = Columns.of(rows)
        return [
            self.id.bytes,
            columns.records,
            bytea_array(columns.envelopes),
            columns.settlements,
            columns.bodies,
            bytea_array(columns.ciphertexts),
        ]

    async def _announce(self, wire: Wire) -> None:
        """Connects, and after a silence says first that this writer lives: it may have been taken for dead."""
        if monotonic() - self._beaten_at > _UNANNOUNCED_SECONDS:
            await self._beat(wire)
        else:
            await wire.connect()

    async def _beat(self, wire: Wire) -> None:
        await wire.call(_BEAT, [self.id.bytes, uuid_value(min(self._open, default=None))])
        self._beaten_at = monotonic()

    async def _wait_out(self, away: Away) -> None:
        logger.warning("PostgreSQL is away (%s); %d rows wait to be recorded", away, self.backlog)
        await asyncio.sleep(_PAUSE_SECONDS)

    async def _keep_beating(self) -> None:
        while True:
            try:
                await self._beat(self._wires[0])
            except (Away, Rejected) as failure:
                logger.warning("the writer's heartbeat was not recorded: %s", failure)
            await asyncio.sleep(_BEAT_SECONDS)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._expire(at=monotonic())

    def _expire(self, *, at: float) -> None:
        """Tells those whose time is up. An outcome stays where it is: it is written when it can be."""
        for waiting in (*self._waiting, *self._in_flight):
            if waiting.deadline <= at:
                self._refuse(waiting, unavailable())

    @staticmethod
    def _refuse(waiting: WaitingRow, refusal: Unavailable) -> None:
        if not waiting.answer.done():
            waiting.answer.set_exception(refusal)

    @staticmethod
    def _answer(waiting: WaitingRow, verdict: str) -> None:
        if not waiting.answer.done():
            waiting.answer.set_result(cast(Written, verdict))
