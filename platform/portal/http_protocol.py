"""uvicorn's HTTP/1.1 with what it leaves to others: an end to what never ends, no late headers; and fewer writes.

llhttp reads a request line, a header or a trailer of any length and waits for it for any time, and its callbacks know
no trailers: uvicorn adds what comes behind a chunked body to the headers. A proxy that sets or strips headers
(`authorization`, `x-forwarded-for`) does not look there, and a recipient must not merge them (RFC 9110, section 6.5.1).
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import ClassVar

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from portal import drain

MAX_HEAD_BYTES = 65_536  # a token of 16 KiB, a chain of proxies and a tracing header fit many times


class _HeldHead:
    """A transport for one response that holds its head back until there is a piece of the body, or nothing else to do.

    One system call, and one wake-up of the caller, instead of two.
    """

    __slots__ = ("_begun", "_head", "_loop", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._begun, self._head = False, b""
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self._begun:
            self._transport.write(self._head + data if self._head else data)
            self._head = b""
        else:
            self._begun, self._head = True, data
            self._loop.call_soon(self._let_go)

    def close(self) -> None:
        self._let_go()
        self._transport.close()

    def _let_go(self) -> None:
        if self._head:
            self._transport.write(self._head)
            self._head = b""


class BoundedHttp(HttpToolsProtocol):
    """For `uvicorn --http`. Beyond a limit the connection ends, with a word where no request is being answered.

    `REQUEST_ARRIVAL_SECONDS` is looked at a few times within itself, by one timer for all connections of a server.
    """

    _timer: ClassVar[asyncio.TimerHandle | None] = None
    _unfinished_bytes = 0  # received since anything was complete: a head, a piece of a body, a request
    _awaited_since: float | None = None  # since when a request is awaited or arriving; None while one is answered

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._awaited_since = self.loop.time()
        if BoundedHttp._timer is None:
            self._look_around()

    def data_received(self, data: bytes) -> None:
        self._unfinished_bytes += len(data)
        super().data_received(data)
        if self._unfinished_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(HTTPStatus.BAD_REQUEST, "Request head too large.")

    def on_message_begin(self) -> None:
        self._unfinished_bytes = 0
        self._awaited_since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._unfinished_bytes = 0
        super().on_headers_complete()
        self.scope["headers"] = self.headers.copy()  # what comes later is for nobody
        if self.cycle is None or self.cycle.scope is not self.scope:  # it becomes a web socket
            return
        self.cycle.transport = _HeldHead(self.transport, self.loop)  # type: ignore[assignment]
        if drain.has_begun():
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._unfinished_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unfinished_bytes = 0
        self._awaited_since = None
        super().on_message_complete()

    def _look_around(self) -> None:
        """Ends what is overdue, as long as anybody is connected."""
        limit: int = settings.REQUEST_ARRIVAL_SECONDS
        earliest = self.loop.time() - limit
        for other in list(self.connections):
            if isinstance(other, BoundedHttp) and (other._awaited_since or earliest) < earliest:
                other._refuse(HTTPStatus.REQUEST_TIMEOUT, "Request not received in time.")
        again = self.loop.call_later(limit / 4, self._look_around) if self.connections else None
        BoundedHttp._timer = again

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        if self.cycle is None or self.cycle.response_complete:
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            self.transport.write(f"{head}content-length: {len(message)}\r\nconnection: close\r\n\r\n{message}".encode())
            self.transport.close()
        else:
            self.transport.abort()
