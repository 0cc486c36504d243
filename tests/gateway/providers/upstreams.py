"""What the tests of this folder share."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_network

import orjson
import pytest

from gateway.providers.base import FailureClass, Provider, Timeouts, UpstreamCall, UpstreamFailure
from gateway.providers.dummy.server import Observed
from kit.egress import EgressPolicy

LOOPBACK = EgressPolicy(allowed_networks=(ip_network("127.0.0.0/8"),))
SHORT = Timeouts(connect=2, first_byte=0.15, idle=0.15, total=5)
ANSWER = b'{"id":"x","object":"chat.completion","choices":[]}'


@dataclass(frozen=True)
class Upstream:
    url: str
    observed: Observed

    def call(self, script: str = "", *, stream: bool = False, timeouts: Timeouts | None = None) -> UpstreamCall:
        return call_to(self.url, script, stream=stream, timeouts=timeouts)


def call_to(
    url: str, script: str = "", *, stream: bool = False, timeouts: Timeouts | None = None, credential: str = "sk-test"
) -> UpstreamCall:
    model = f"dummy+{script}" if script else "dummy"
    request = {"model": model, "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    body = orjson.dumps(request | ({"stream_options": {"include_usage": True}} if stream else {}))
    return UpstreamCall(
        base_url=url, model=model, body=body, credential=credential, stream=stream, timeouts=timeouts or Timeouts()
    )


async def failure_of_call(provider: Provider, call: UpstreamCall) -> UpstreamFailure:
    """What opening and reading the whole answer ends with, when it must not end well."""
    with pytest.raises(UpstreamFailure) as caught:
        await whole(provider, call)
    return caught.value


async def class_of_failure(provider: Provider, call: UpstreamCall) -> FailureClass:
    return (await failure_of_call(provider, call)).failure_class


async def whole(provider: Provider, call: UpstreamCall) -> list[bytes]:
    answer = await provider.open(call)
    try:
        return [event async for events in answer.events() for event in events] if call.stream else [await answer.read()]
    finally:
        await answer.close()


async def eventually(condition: Callable[[], bool], seconds: float = 1.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class VerbatimServer:
    """Sends the bytes it is given as the answer to each request, then closes or keeps the connection.

    `requests` are the requests as received; `connections` counts them.
    """

    def __init__(self) -> None:
        self.answers: list[bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def answer_with(self, head: str, body: bytes = b"", *, length: int | None = None) -> None:
        size = len(body) if length is None else length
        text = f"{head}\r\ncontent-length: {size}\r\n\r\n".replace("\r\n", "\n").replace("\n", "\r\n")
        self.answers.append(text.encode() + body)

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._answer_one(reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        self.requests.append(head + await reader.readexactly(int(length[1]) if length else 0))
        if not self.answers:
            return False
        answer = self.answers.pop(0)
        if isinstance(answer, bytes):
            writer.write(answer)
        else:
            await answer(writer)
        return not (isinstance(answer, bytes) and b"connection: close" in answer)
