"""One connection to PostgreSQL that comes back by itself, for calls of functions, each its own transaction.

It drives libpq through `psycopg.pq`: arguments and results are bytes in PostgreSQL's binary format, statements are
prepared once, and the socket stays registered with the loop. Measured on a batch of the ledger this costs half of
`AsyncConnection.execute`, which converts every argument anew and registers the socket for every wait.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, pq

Value = bytes | None
Row = tuple[Value, ...]

_SECONDS_PER_CALL = 15.0
# What PostgreSQL says when it, not the data, is at fault (SQLSTATE classes): connection, read-only after a failover,
# or with the plan we prepared, rollback such as a deadlock, insufficient resources, lock timeout, operator
# intervention, system, internal.
_NOT_OUR_DATA = ("08", "0A", "25", "26", "40", "53", "55", "57", "58", "XX")
_BYTEA = 17
_BINARY = pq.Format.BINARY


class Away(Exception):
    """PostgreSQL did not answer. Whether the call was committed is not known."""


_LOSSES = (psycopg.Error, OSError, Away)


class Rejected(Exception):
    """PostgreSQL refused the call as such and nothing of it was written; `sqlstate` says why."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(f"refused with SQLSTATE {sqlstate}")
        self.sqlstate = sqlstate


def bytea_array(items: Sequence[bytes]) -> bytes:
    """The binary form of a `bytea[]`: dimensions, has-null, element type; then length, lower bound; then elements."""
    if not items:
        return struct.pack("!iii", 0, 0, _BYTEA)
    parts = [struct.pack("!iiiii", 1, 0, _BYTEA, len(items), 1)]
    for item in items:
        parts.append(len(item).to_bytes(4, "big"))
        parts.append(item)
    return b"".join(parts)


def uuid_value(value: UUID | None) -> Value:
    return None if value is None else value.bytes


def text(value: Value) -> str:
    """The text of a result column that is never null."""
    assert value is not None
    return value.decode()


class Wire:
    """Serves one call at a time; others wait their turn. Connects on the first call, and again after a loss."""

    def __init__(self, conninfo: str, *, application_name: str = "chancery-ledger") -> None:
        self._conninfo = conninfo
        self._application_name = application_name
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection[tuple[object, ...]] | None = None
        self._descriptor = -1
        self._prepared: dict[str, bytes] = {}
        self._results: list[pq.abc.PGresult] = []
        self._answer: asyncio.Future[None] | None = None

    async def connect(self) -> None:
        """Makes sure of a connection, so that a call after it has been sent, whatever becomes of it. Raises `Away`."""
        if self._connection is None:
            async with self._turn:
                try:
                    await self._connected()
                except _LOSSES as failure:
                    raise self._lost(failure) from failure

    async def call(self, query: str, arguments: Sequence[Value] = ()) -> list[Row]:
        """The rows of one statement, committed. Raises `Away` or `Rejected`."""
        async with self._turn:
            try:
                pgconn = await self._connected()
                name = self._prepared.get(query) or await self._prepare(pgconn, query)
                pgconn.send_query_prepared(name, arguments, [_BINARY] * len(arguments), _BINARY)
                return _rows(await self._outcome())
            except _LOSSES as failure:
                raise self._lost(failure) from failure
            except asyncio.CancelledError:
                self._drop()
                raise

    def _lost(self, failure: Exception) -> Away:
        """The connection is in doubt, so it ends."""
        self._drop()
        return failure if isinstance(failure, Away) else Away(type(failure).__name__)

    async def close(self) -> None:
        async with self._turn:
            self._drop()

    async def _connected(self) -> pq.abc.PGconn:
        if self._connection is None:
            connection = await AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=3,
                application_name=self._application_name,
                tcp_user_timeout=10_000,
            )
            connection.pgconn.nonblocking = 1
            self._connection, self._descriptor = connection, connection.fileno()
            asyncio.get_running_loop().add_reader(self._descriptor, self._receive)
        return self._connection.pgconn

    async def _prepare(self, pgconn: pq.abc.PGconn, query: str) -> bytes:
        name = f"ledger_{len(self._prepared)}".encode()
        pgconn.send_prepare(name, query.encode())
        _rows(await self._outcome())
        self._prepared[query] = name
        return name

    async def _outcome(self) -> pq.abc.PGresult:
        """Sends what was queued and waits for the last result of it."""
        loop = asyncio.get_running_loop()
        self._results.clear()
        self._answer = loop.create_future()
        patience = loop.call_later(_SECONDS_PER_CALL, self._lose, Away("no answer in time"))
        try:
            self._send()
            await self._answer
        finally:
            patience.cancel()
            self._answer = None
        return self._results[-1]

    def _send(self) -> None:
        """Hands libpq's buffer to the socket; what that does not take now, when it can."""
        loop = asyncio.get_running_loop()
        try:
            if self._connection is not None and self._connection.pgconn.flush():
                loop.add_writer(self._descriptor, self._send)
            else:
                loop.remove_writer(self._descriptor)
        except psycopg.Error as failure:
            self._lose(failure)

    def _receive(self) -> None:
        try:
            if self._connection is not None:
                self._take(self._connection.pgconn)
        except psycopg.Error as failure:
            self._lose(failure)

    def _take(self, pgconn: pq.abc.PGconn) -> None:
        """What has come in. The last result is followed by none, and only then may the next query be sent."""
        pgconn.consume_input()
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is not None:
                self._results.append(result)
                continue
            if self._results and self._answer is not None and not self._answer.done():
                self._answer.set_result(None)
            return

    def _lose(self, failure: Exception) -> None:
        """The connection is of no more use, whether a call is under way or not."""
        self._drop()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(failure)

    def _drop(self) -> None:
        """At once, in one step: libpq closes its descriptor, and the next one to get that number is not ours."""
        connection, self._connection = self._connection, None
        self._prepared.clear()
        if connection is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._descriptor)
            loop.remove_writer(self._descriptor)
            connection.pgconn.finish()


def _rows(result: pq.abc.PGresult) -> list[Row]:
    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return [
            tuple(result.get_value(row, column) for column in range(result.nfields)) for row in range(result.ntuples)
        ]
    sqlstate = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    if not sqlstate or sqlstate.startswith(_NOT_OUR_DATA):
        raise Away(f"SQLSTATE {sqlstate or 'unknown'}")
    raise Rejected(sqlstate)
