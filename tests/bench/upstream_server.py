"""A model server for the benchmark: raw asyncio, answers from memory, streams at a set pace.

    python -m tests.bench.upstream_server PORT

Any POST whose body asks for a stream gets one, any other the JSON answer. `GET /pace/EVENTS/MILLISECONDS` sets how
many pieces a stream has and how long it waits between them (0: all at once); `GET /count` tells how many POSTs came.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from typing import cast

import uvloop

from tests.bench import traffic

_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
_END = b"0\r\n\r\n"


def _answer(content_type: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (content_type, len(body), body)


def _chunked(event: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(event), event)


@dataclass(slots=True)
class Script:
    """What every connection plays, shared by all of them."""

    plain: bytes = field(default_factory=lambda: _answer(b"application/json", traffic.answer()))
    frames: list[bytes] = field(default_factory=list)
    pause_seconds: float = 0.0
    requests: int = 0

    def pace(self, events: int, milliseconds: int) -> None:
        *frames, last = [_chunked(event) for event in traffic.events(events)]
        self.frames = [*frames, last + _END]
        self.pause_seconds = milliseconds / 1000


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests come one after another, as HTTP/1.1 clients send them."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.received = b""
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer:
            self.timer.cancel()

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, rest = self.received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = _content_length(head)
        if len(rest) < length:
            return
        self.received = rest[length:]
        self._serve(head, rest[:length])

    def _serve(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET "):
            self.transport.write(_answer(b"text/plain", self._control(head.split(b" ", 2)[1].decode())))
            return
        self.script.requests += 1
        if b'"stream": true' in body or b'"stream":true' in body:
            self.transport.write(_STREAM_HEAD)
            self._play(self.script.frames, 0)
        else:
            self.transport.write(self.script.plain)

    def _control(self, path: str) -> bytes:
        if path.startswith("/pace/"):
            _, _, events, milliseconds = path.split("/")
            self.script.pace(int(events), int(milliseconds))
        return str(self.script.requests).encode()

    def _play(self, frames: list[bytes], position: int) -> None:
        if self.transport.is_closing():
            return
        if not self.script.pause_seconds:
            self.transport.writelines(frames)
            return
        self.transport.write(frames[position])
        if position + 1 < len(frames):
            loop = asyncio.get_running_loop()
            self.timer = loop.call_later(self.script.pause_seconds, self._play, frames, position + 1)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve(port: int) -> None:
    script = Script()
    script.pace(100, 20)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(script), "127.0.0.1", port, backlog=4096, reuse_address=True
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
