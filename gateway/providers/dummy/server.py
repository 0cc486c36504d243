"""The dummy over HTTP/1.1, on a bare asyncio protocol: fast enough not to be what a benchmark measures."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import cast

import httptools
import orjson

from gateway.providers.dummy.plans import Plan, plan_of

_KEPT_BODY_BYTES = 16 * 1024
_OVERSIZED_BYTES = 32 * 1024 * 1024
_DONE = b"data: [DONE]\n\n"
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


_kept_plan = lru_cache(maxsize=256)(plan_of)  # a load test sends the same few bodies again and again


@dataclass(slots=True)
class Observed:
    """What the server has seen, also at `GET /observed`. `aborted` answers lost their client before their end."""

    connections: int = 0
    requests: int = 0
    in_flight: int = 0
    completed: int = 0
    aborted: int = 0


class DummyServer:
    """Chat completions at any path that ends in `/chat/completions`."""

    def __init__(self) -> None:
        self.observed = Observed()
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens, and gives the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self.observed, self._connections), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.abort()
            await self._server.wait_closed()


class _Connection(asyncio.Protocol):
    def __init__(self, observed: Observed, connections: set[_Connection]) -> None:
        self._loop = asyncio.get_running_loop()
        self._observed = observed
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._timer: asyncio.TimerHandle | None = None
        self._answering = False
        self._url = b""
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._observed.connections += 1
        self._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._answering:
            self._answering = False
            self._observed.in_flight -= 1
            self._observed.aborted += 1

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    # llhttp's callbacks

    def on_message_begin(self) -> None:
        self._url = b""
        self._body.clear()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._url.endswith(b"/chat/completions"):
            body = b"".join(self._body)
            self._begin(_kept_plan(body) if len(body) <= _KEPT_BODY_BYTES else plan_of(body))
        elif self._url == b"/observed":
            self._transport.write(_json_response(200, orjson.dumps(asdict(self._observed))))
        elif self._url.endswith(b"/models"):
            models = {"object": "list", "data": [{"id": "dummy", "object": "model", "owned_by": "chancery"}]}
            self._transport.write(_json_response(200, orjson.dumps(models)))
        else:
            self._transport.write(_json_response(200 if self._url == b"/health" else 404, b'{"status":"ok"}'))

    # The answer

    def _begin(self, plan: Plan) -> None:
        self._observed.requests += 1
        self._observed.in_flight += 1
        self._answering = True
        if plan.script.hang is not None and plan.events is None:
            return
        if plan.wait_seconds:
            self._timer = self._loop.call_later(plan.wait_seconds, self._answer, plan)
        else:
            self._answer(plan)

    def _answer(self, plan: Plan) -> None:
        if plan.script.malformed not in (None, "json", "error_event", "error_200"):
            self._answer_malformed(plan)
        elif plan.events is None:
            self._answer_plainly(plan)
        else:
            self._transport.write(_STREAM_HEAD)
            self._stream(plan, iter(plan.events), 0, self._loop.time())

    def _answer_plainly(self, plan: Plan) -> None:
        body = plan.body[:-9] if plan.script.malformed == "json" else plan.body
        extra = f"retry-after: {plan.script.retry_after}\r\n" if plan.script.retry_after else ""
        response = _json_response(plan.status, body, extra)
        if plan.script.cut is None:
            self._transport.write(response)
            self._completed()
        else:
            self._transport.write(response[: -len(body) // 2])
            self._completed()
            self._transport.close()

    def _stream(self, plan: Plan, events: Iterator[bytes], sent: int, began_at: float) -> None:
        """Sends what is due, and comes back for the rest. Without an interval everything is due at once."""
        script = plan.script
        pieces: list[bytes] = []
        interval = script.interval_ms / 1000
        while True:
            if sent in (script.cut, script.hang):
                self._transport.write(b"".join(pieces))
                self._stop_early(hang=sent == script.hang)
                return
            event = next(events, None)
            if event is None:
                break
            pieces.append(_chunk(b"data: %b\n\n" % (event[:-9] if script.malformed == "json" and sent else event)))
            sent += 1
            if interval:
                self._transport.write(pieces.pop())
                due = began_at + sent * interval
                self._timer = self._loop.call_at(due, self._stream, plan, events, sent, began_at)
                return
        pieces.append(_chunk(_DONE) + b"0\r\n\r\n")
        self._transport.write(b"".join(pieces))
        self._completed()

    def _stop_early(self, *, hang: bool) -> None:
        if not hang:
            self._completed()
            self._transport.close()

    def _answer_malformed(self, plan: Plan) -> None:
        kind = plan.script.malformed
        media_type = b"text/event-stream" if plan.events is not None else b"application/json"
        head = b"HTTP/1.1 200 OK\r\ncontent-type: " + media_type
        if kind == "http":
            self._transport.write(b"220 this is not a web server\r\n")
        elif kind == "html":
            self._transport.write(_response(b"HTTP/1.1 200 OK\r\ncontent-type: text/html", b"<h1>welcome</h1>"))
        elif kind == "gzip":
            self._transport.write(_response(head + b"\r\ncontent-encoding: gzip", _bomb()))
        elif kind == "length":
            self._transport.write(head + b"\r\ncontent-length: 4096\r\n\r\n" + (plan.body or b"data: {}\n\n"))
            self._transport.close()
        elif kind == "oversized":
            self._transport.write(_response(head, b'data: {"x":"' + b"x" * _OVERSIZED_BYTES))
        else:
            self._transport.write(_response(head, b"[]" if kind == "object" else b""))
        self._completed()

    def _completed(self) -> None:
        self._answering = False
        self._observed.in_flight -= 1
        self._observed.completed += 1


def _json_response(status: int, body: bytes, extra: str = "") -> bytes:
    return _response(f"HTTP/1.1 {status} -\r\n{extra}content-type: application/json".encode(), body)


def _response(head: bytes, body: bytes) -> bytes:
    return b"%b\r\ncontent-length: %d\r\n\r\n%b" % (head, len(body), body)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    """A few kilobytes that become 64 MiB."""
    compressor = zlib.compressobj(wbits=31)
    return b"".join(compressor.compress(bytes(1024 * 1024)) for _ in range(64)) + compressor.flush()
