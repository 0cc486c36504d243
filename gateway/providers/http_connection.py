"""One HTTP/1.1 connection to an upstream: a request out, an answer in, again and again.

Written for the one thing the gateway does a thousand times a second, posting a small body and reading the answer,
where a general client costs several times as much CPU. The parser is llhttp (httptools), framing errors included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import cast

import httptools

from gateway.providers.base import FailureClass, Timeouts, UpstreamFailure
from gateway.providers.failures import invalid_answer

_MAX_HEAD_BYTES = 64 * 1024
_READ_AHEAD_BYTES = 256 * 1024
_DRAIN_SECONDS = 1.0
# A server closes an idle connection within a round trip of the request that crosses it. One that closes later than
# this was at work on the request.
_CROSSED_SECONDS = 1.0


class _State(Enum):
    IDLE = auto()  # in the pool
    SENT = auto()  # nothing received yet
    HEAD = auto()
    BODY = auto()
    COMPLETE = auto()
    DRAINING = auto()  # the caller has all it wants, the body's formal end is still to come
    FAILED = auto()


# Looked up several times for every streamed token, and a member's look-up in its class is slow.
_IDLE, _SENT, _HEAD, _BODY, _COMPLETE, _DRAINING, _FAILED = _State


class Connection(asyncio.Protocol):
    """Used by one call at a time; after `finish` or `abort` that call lets go of it.

    `released` gets the connection when a complete answer has left it reusable, `lost` when it is closed, once.
    """

    def __init__(
        self, released: Callable[[Connection], None], lost: Callable[[Connection], None], *, keep_alive_seconds: float
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._released = released
        self._lost = lost
        self._keep_alive_seconds = keep_alive_seconds
        self._parser = httptools.HttpResponseParser(self)
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False
        self._paused = False
        self._keep_alive = False
        self._begin(_IDLE, Timeouts())

    def _begin(self, state: _State, timeouts: Timeouts) -> None:
        self._state = state
        self.status = 0
        self.head: dict[bytes, bytes] = {}  # of the answer, names in lower case
        self._timeouts = timeouts
        self.crossed = False  # whether the other side closed the connection just as the request went out
        self._failure: UpstreamFailure | None = None
        self._pieces: list[bytes] = []
        self._buffered_bytes = 0
        self._read_ahead_bytes = _READ_AHEAD_BYTES
        self._head_bytes = 0
        self._sent_at = self._active_at = self._loop.time()

    # The caller's side

    @property
    def usable(self) -> bool:
        return self._state is _IDLE and not self._closed and not self._transport.is_closing()

    def send(self, request: bytes, timeouts: Timeouts) -> None:
        self._begin(_SENT, timeouts)
        self._transport.write(request)
        self._watch()

    async def begun(self) -> None:
        """Waits for the answer's head."""
        while self._state is _SENT or self._state is _HEAD:
            await self._progress()
        self._raise_failure()

    async def read(self, limit: int) -> bytes:
        """The whole body, or `invalid_answer` when it has more than `limit` bytes."""
        self._read_ahead_bytes = limit
        while True:
            if self._buffered_bytes > limit:
                self.abort()
                raise invalid_answer("the upstream's answer is larger than the limit", self.status)
            if self._state is _COMPLETE:
                return self._take()
            self._raise_failure()
            await self._progress()

    async def receive(self) -> bytes:
        """What has arrived of the body since the last time; empty at its end."""
        pieces = self._pieces
        while not pieces:
            if self._state is _COMPLETE:
                return b""
            self._raise_failure()
            await self._progress()
        return self._take()

    def finish_or_abort(self) -> None:
        """For a caller that leaves: a complete answer was paid for, any other is stopped."""
        if self._state is _COMPLETE:
            self._reuse()
        else:
            self.abort()

    def finish(self) -> None:
        """Gives the connection back, once the body's formal end is there too."""
        if self._state is _COMPLETE:
            self._reuse()
        elif self._state is _BODY:
            self._state = _DRAINING
            self._sent_at = self._loop.time()
            self._resume()
            self._watch()

    def abort(self) -> None:
        """Closes at once, unsent data included."""
        if not self._closed:
            self._fail(UpstreamFailure(FailureClass.CUT, "the call was aborted", status=self.status or None))

    def _take(self) -> bytes:
        pieces = self._pieces
        body = pieces.pop() if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._buffered_bytes = 0
        if self._paused:
            self._resume()
        return body

    def _progress(self) -> asyncio.Future[None]:
        """Done when something has changed."""
        self._waiter = self._loop.create_future()
        return self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():  # done: its caller was cancelled
            waiter.set_result(None)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    # The event loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._active_at = self._loop.time()
        state = self._state
        if state is _SENT or state is _HEAD:
            self._state = _HEAD
            self._head_bytes += len(data)
        elif state is _IDLE or state is _COMPLETE:  # nobody asked
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(invalid_answer("the upstream's answer is not HTTP/1.1", self.status or None))
            return
        if self._state is _HEAD and self._head_bytes > _MAX_HEAD_BYTES:
            self._fail(invalid_answer("the head of the upstream's answer is too large"))
        elif self._waiter is not None:
            self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        if self._state is _BODY and error is None and self._ends_with_connection():
            self._state = _COMPLETE
        self.crossed = self._state is _SENT and self._loop.time() - self._sent_at < _CROSSED_SECONDS
        message = "the upstream closed the connection before its answer was complete"
        self._end(UpstreamFailure(FailureClass.CUT, message, status=self.status or None))

    def _ends_with_connection(self) -> bool:
        return b"content-length" not in self.head and b"chunked" not in self.head.get(b"transfer-encoding", b"").lower()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._active_at = self._loop.time()  # the silence was ours
            self._transport.resume_reading()

    def _reuse(self) -> None:
        if self._closed or self._transport.is_closing() or not self._keep_alive:
            self.abort()
            return
        self._begin(_IDLE, self._timeouts)
        self._watch()
        self._released(self)

    def _fail(self, failure: UpstreamFailure) -> None:
        self._transport.abort()
        self._end(failure)

    def _end(self, failure: UpstreamFailure) -> None:
        """The connection is gone; an answer that is complete can still be read."""
        if self._closed:
            return
        self._closed = True
        if self._state is not _COMPLETE:
            self._failure = failure
            self._state = _FAILED
        if self._timer is not None:
            self._timer.cancel()
        self._wake()
        self._lost(self)

    # llhttp's callbacks

    def on_message_begin(self) -> None:
        if self._state is _COMPLETE or self._state is _IDLE:  # the latter when the end of a drained body came with it
            raise ValueError("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.head[name.lower()] = value

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._state = _BODY

    def on_body(self, body: bytes) -> None:
        if self._state is _DRAINING:
            return
        self._pieces.append(body)
        self._buffered_bytes += len(body)
        if self._buffered_bytes > self._read_ahead_bytes and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        self._keep_alive = self._parser.should_keep_alive()  # later the parser no longer knows
        if self._state is _DRAINING:
            self._reuse()
        elif self.status < 200:  # interim: the answer proper follows
            self.status = 0
            self.head = {}
            self._state = _HEAD
        else:
            self._state = _COMPLETE

    # Time

    def _watch(self) -> None:
        """One timer per connection, which looks at the clock when it fires: cheaper than one per call or event."""
        due = self._due_at()
        if self._timer is not None:
            if self._timer.when() <= due and not self._timer.cancelled():
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        if self._state is _COMPLETE:
            return
        if self._loop.time() < self._due_at():
            self._watch()
        elif self._state is _IDLE or self._state is _DRAINING:
            self.abort()
        else:
            message = "the upstream did not answer in time"
            self._fail(UpstreamFailure(FailureClass.TIMEOUT, message, status=self.status or None))

    def _due_at(self) -> float:
        if self._state is _IDLE:
            return self._active_at + self._keep_alive_seconds
        if self._state is _DRAINING:
            return self._sent_at + _DRAIN_SECONDS
        due = self._sent_at + self._timeouts.total
        if self._paused:
            return due
        return min(due, self._active_at + (self._timeouts.first_byte if self._state is _SENT else self._timeouts.idle))
