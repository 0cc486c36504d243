"""A provider's address leads out, or nowhere: whatever it is written like, and whatever it answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from gateway.providers.base import FailureClass, Timeouts, UpstreamFailure
from gateway.providers.http_client import HttpClient, split_base_url
from kit.egress import EgressPolicy

TIMEOUTS = Timeouts(connect=2, first_byte=2, idle=2, total=4)
# Ways to write the loopback address, and addresses that reach this machine. {} is the port.
HERE = [
    *("127.0.0.1:{}", "127.0.0.2:{}", "127.1:{}", "127.0.1:{}", "2130706433:{}", "0x7f000001:{}", "0x7f.1:{}"),
    *("0177.0.0.1:{}", "017700000001:{}", "127.0.0.1.:{}", "0.0.0.0:{}", "0:{}", "localhost:{}", "localhost.:{}"),
    *("LOCALHOST:{}", "[::1]:{}", "[::]:{}", "[0:0:0:0:0:0:0:1]:{}", "[::ffff:127.0.0.1]:{}", "[::ffff:7f00:1]:{}"),
    *("[::127.0.0.1]:{}", "[64:ff9b::7f00:1]:{}", "[2002:7f00:1::]:{}", "[fe80::1%25lo]:{}", "①②⑦.⓪.⓪.①:{}"),
    *("127。0。0。1:{}", "127.0.0.1%00.example.com:{}", "example.com@127.0.0.1:{}", "127.0.0.1:{}#@example.com"),
    *("127.0.0.1:{}?x=example.com", "user:secret@127.0.0.1:{}", "169.254.169.254:80", "[fd00:ec2::254]:80"),
]
OTHER_SCHEMES = [
    *("file:///etc/passwd", "gopher://127.0.0.1:{}/x", "ftp://127.0.0.1:{}/x", "unix:/run/docker.sock:/v1"),
    *("unix:relative.sock:/v1", "javascript:alert(1)", "//127.0.0.1:{}/x", "http:127.0.0.1:{}", "http:///x", ""),
]


@dataclass(slots=True)
class Listener:
    """On this machine, where nothing may come. `answer` is what it says to whoever does."""

    port: int = 0
    reached: int = 0
    answer: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reached += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener()
    everywhere = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    running = await asyncio.start_server(made.serve, sock=everywhere)
    made.port = everywhere.getsockname()[1]
    yield made
    running.close()


async def attempt(client: HttpClient, base_url: str) -> FailureClass | None:
    """How it failed, or none where the address is refused as such."""
    try:
        origin, path = split_base_url(base_url)
    except ValueError:
        return None
    request = f"POST {path}/chat/completions HTTP/1.1\r\nhost: {origin.authority}\r\ncontent-length: 0\r\n\r\n"
    with pytest.raises(UpstreamFailure) as failure:
        await client.post(origin, request.encode(), TIMEOUTS)
    return failure.value.failure_class


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("written", HERE)
async def test_nothing_on_this_machine_is_reached(listener: Listener, scheme: str, written: str) -> None:
    client = HttpClient(EgressPolicy())

    found = await attempt(client, f"{scheme}://{written.format(listener.port)}/v1")

    assert found in (None, FailureClass.EGRESS_REFUSED, FailureClass.CONNECT_FAILED)
    assert listener.reached == 0
    await client.close()


@pytest.mark.parametrize("written", OTHER_SCHEMES)
async def test_no_other_scheme_leads_anywhere(listener: Listener, written: str) -> None:
    client = HttpClient(EgressPolicy())

    assert await attempt(client, written.format(listener.port)) in (None, FailureClass.EGRESS_REFUSED)
    assert listener.reached == 0
    await client.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_a_way(listener: Listener, status: int) -> None:
    elsewhere = Listener()
    running = await asyncio.start_server(elsewhere.serve, "127.0.0.1", 0)
    port = running.sockets[0].getsockname()[1]
    listener.answer = f"HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n".encode()
    client = HttpClient(EgressPolicy.listing([f"127.0.0.1:{listener.port}", f"127.0.0.1:{port}"], []))
    origin, _ = split_base_url(f"http://127.0.0.1:{listener.port}/v1")

    connection = await client.post(origin, b"POST /v1 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", TIMEOUTS)

    assert (connection.status, elsewhere.reached, listener.reached) == (status, 0, 1)
    await client.close()
    running.close()
