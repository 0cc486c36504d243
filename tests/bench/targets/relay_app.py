"""The least an ASGI gateway can do: read the request, send it on over a kept connection, hand the answer back.

It parses no JSON, knows no keys and checks nothing. Environment: PLAIN_PORT and STREAM_PORT, the upstream's; a path
under /stream goes to the second.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_PLAIN, _STREAM = int(os.environ["PLAIN_PORT"]), int(os.environ["STREAM_PORT"])


@dataclass(slots=True)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def exchange(self, body: bytes) -> AsyncIterator[bytes]:
        """Yields the status line's code with the content type first, then the body in the pieces it came in."""
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: upstream\r\ncontent-type: application/json\r\n"
        self.writer.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        answer = await self.reader.readuntil(b"\r\n\r\n")
        lowered = answer.lower()
        yield answer[9:12] + _field(lowered, b"content-type")
        if length := _field(lowered, b"content-length"):
            yield await self.reader.readexactly(int(length))
            return
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            yield (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)


def _field(head: bytes, name: bytes) -> bytes:
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()


_idle: dict[int, list[Connection]] = {_PLAIN: [], _STREAM: []}


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    port = _STREAM if scope["path"].startswith("/stream") else _PLAIN
    body = await _body(receive)
    connection = _idle[port].pop() if _idle[port] else Connection(*await asyncio.open_connection("127.0.0.1", port))
    pieces = connection.exchange(body)
    start = await anext(pieces)
    headers = [(b"content-type", start[3:])]
    await send({"type": "http.response.start", "status": int(start[:3]), "headers": headers})
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    _idle[port].append(connection)
