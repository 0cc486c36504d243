"""Commands out in batches, replies back in order.

LinkError
├── Unreachable      nothing was sent
├── Superseded       nothing was sent: the server is not the one the command was meant for
├── ConnectionLost   sent; nobody knows whether it ran
├── TimedOut         likewise
└── Refused          the server answered with an error
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis


class LinkError(Exception):
    """A command has no answer."""


class Unreachable(LinkError):
    pass


class Superseded(LinkError):
    pass


class ConnectionLost(LinkError):
    pass


class TimedOut(LinkError):
    pass


class Refused(LinkError):
    pass


class Wire(asyncio.Protocol):
    """One live connection. A command that is not answered in time ends it, for all that wait behind that command."""

    def __init__(self, on_lost: Callable[[Wire], None], timeout: float, most_pending: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._timeout = timeout
        self._most_pending = most_pending
        self._reader = hiredis.Reader()
        self._pending: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._outgoing: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._watching = False
        self._reason: LinkError | None = None
        self.lost = asyncio.Event()
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by shape only

    def send(self, packed: bytes) -> asyncio.Future[Any]:
        """The reply to come; a `hiredis.ReplyError` is raised by it. Raises `Unreachable`."""
        if self._reason or len(self._pending) >= self._most_pending:
            raise Unreachable("the connection is closed or has too many commands in flight")
        reply: asyncio.Future[Any] = self._loop.create_future()
        self._pending.append((reply, self._loop.time() + self._timeout))
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(packed)
        if not self._watching:
            self._watching = True
            self._loop.call_later(self._timeout, self._watch)
        return reply

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                future, _ = self._pending.popleft()
                if future.done():
                    continue
                if isinstance(reply, hiredis.ReplyError):
                    future.set_exception(reply)
                else:
                    future.set_result(reply)
        except (hiredis.ProtocolError, IndexError):
            self.abort(ConnectionLost("the server does not speak the protocol"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.abort(ConnectionLost("the server closed the connection"))
        self.closed.set()

    def abort(self, reason: LinkError) -> None:
        """Ends the connection; whoever waits is told why."""
        if self._reason:
            return
        self._reason = reason
        if self._transport:
            self._transport.abort()
        self._on_lost(self)
        self.lost.set()
        while self._pending:
            future, _ = self._pending.popleft()
            if not future.done():
                future.set_exception(type(reason)(*reason.args))

    def _flush(self) -> None:
        if self._transport and not self._reason:
            self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()

    def _watch(self) -> None:
        self._watching = False
        if not self._pending:
            return
        oldest = self._pending[0][1]
        if oldest <= self._loop.time():
            self.abort(TimedOut("the server did not answer in time"))
        else:
            self._watching = True
            self._loop.call_at(oldest, self._watch)
