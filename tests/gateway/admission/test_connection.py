"""One connection for the whole process: it never hangs, and it comes back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis

from gateway.admission.connection import Connection
from gateway.admission.endpoint import Endpoint
from gateway.admission.scripts import RENEW
from gateway.admission.wire import ConnectionLost, Refused, TimedOut, Unreachable
from kit.errors import Unavailable
from tests.gateway.admission.books import Books
from tests.gateway.admission.till import Till
from tests.gateway.admission.tls import tls_in_front_of
from tests.gateway.admission.valkey import PASSWORD, Valkey


@pytest.fixture
async def connection(own_valkey: Valkey) -> AsyncIterator[Connection]:
    connection = Connection(own_valkey.url, command_timeout=0.2)
    yield connection
    await connection.close()


def stop(server: Valkey) -> None:
    assert server.process
    server.process.send_signal(signal.SIGSTOP)


def go_on(server: Valkey) -> None:
    assert server.process
    server.process.send_signal(signal.SIGCONT)


async def back(connection: Connection) -> None:
    """Returns once the connection is there again."""
    async with asyncio.timeout(5):
        while connection.server_epoch is None:
            await asyncio.sleep(0.01)


async def test_replies_meet_their_commands_in_order(connection: Connection) -> None:
    numbers = [f"{n}" for n in range(500)]
    assert await asyncio.gather(*(connection.command("ECHO", n) for n in numbers)) == [n.encode() for n in numbers]


async def test_a_server_that_stands_still_is_given_up_on_and_taken_up_again(
    connection: Connection, own_valkey: Valkey
) -> None:
    assert await connection.command("PING") == b"PONG"
    stop(own_valkey)
    with pytest.raises(TimedOut):
        await connection.command("PING")
    assert connection.server_epoch is None
    go_on(own_valkey)
    assert await connection.command("PING") == b"PONG"
    assert connection.server_epoch


async def test_once_the_server_is_known_to_be_gone_calls_are_refused_at_once(own_valkey: Valkey) -> None:
    connection = Connection(own_valkey.url, connect_timeout=0.1)
    await connection.command("PING")
    own_valkey.kill()
    with pytest.raises((Unreachable, ConnectionLost)):
        await connection.command("PING")
    await asyncio.sleep(0.1)
    refused = asyncio.create_task(connection.command("PING"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert isinstance(refused.exception(), Unreachable)
    own_valkey.start()
    await back(connection)
    assert await connection.command("PING") == b"PONG"
    await connection.close()


async def test_commands_in_flight_are_bounded(own_valkey: Valkey) -> None:
    connection = Connection(own_valkey.url, command_timeout=0.2, most_pending=10)
    await connection.command("PING")
    stop(own_valkey)
    answers = await asyncio.gather(*(connection.command("PING") for _ in range(25)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [TimedOut] * 10 + [Unreachable] * 15
    go_on(own_valkey)
    await connection.close()


async def test_a_cancelled_command_does_not_shift_the_replies_of_others(connection: Connection) -> None:
    first = asyncio.create_task(connection.command("ECHO", "first"))
    second = asyncio.create_task(connection.command("ECHO", "second"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == b"second"


async def test_a_script_the_server_has_forgotten_is_sent_again(connection: Connection, own_valkey: Valkey) -> None:
    arguments = b"$1\r\n2\r\n" + b"$1\r\na\r\n$1\r\nb\r\n" + b"$1\r\ne\r\n$0\r\n\r\n$1\r\nr\r\n$1\r\n1\r\n"
    for _ in range(2):
        own_valkey.client.script_flush()
        assert await connection.run(RENEW, 7, arguments, under=await connection.read_epoch()) == [b"stale", b""]


async def test_an_error_of_the_server_is_raised_and_the_connection_goes_on(connection: Connection) -> None:
    with pytest.raises(Refused, match="wrong number of arguments"):
        await connection.command("GET")
    assert await connection.command("PING") == b"PONG"


async def test_a_replica_is_not_written_to(connection: Connection, own_valkey: Valkey) -> None:
    await connection.command("PING")
    before = connection.server_epoch
    own_valkey.client.replicaof("127.0.0.1", "1")
    with pytest.raises(Refused, match="READONLY"):
        await connection.command("SET", "a", "b")
    await asyncio.sleep(0.05)
    assert connection.server_epoch is None
    own_valkey.client.replicaof("NO", "ONE")
    await back(connection)
    assert connection.server_epoch != before


async def test_a_takeover_is_noticed_while_no_call_is_made(connection: Connection, own_valkey: Valkey) -> None:
    await connection.command("PING")
    before = connection.server_epoch
    own_valkey.client.replicaof("127.0.0.1", "1")
    own_valkey.client.replicaof("NO", "ONE")
    async with asyncio.timeout(5):
        while connection.server_epoch == before:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+OK\r\n+OK\r\n+OK\r\n"])
async def test_a_server_that_speaks_something_else_is_not_reached(answer: bytes) -> None:
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(
        lambda *streams: served.add(asyncio.create_task(serve(*streams))), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    connection = Connection(f"redis://127.0.0.1:{port}", connect_timeout=0.1)
    with pytest.raises(Unreachable):
        await connection.command("PING")
    await connection.close()
    server.close()
    await asyncio.gather(*served, return_exceptions=True)


async def test_a_wrong_password_is_no_connection(own_valkey: Valkey) -> None:
    connection = Connection(own_valkey.url.replace(PASSWORD, "wrong"), connect_timeout=0.1)
    with pytest.raises(Unreachable):
        await connection.command("PING")
    await connection.close()


async def test_it_signs_in_by_name_over_a_unix_socket_to_the_database_given(own_valkey: Valkey) -> None:
    own_valkey.client.acl_setuser("gate", enabled=True, passwords=["+se cret"], keys=["*"], categories=["+@all"])
    connection = Connection(f"unix://gate:se%20cret@{own_valkey.socket}?db=3")
    await connection.command("SET", "a", "b")
    with redis.Redis(port=own_valkey.port, password=PASSWORD, db=3) as client:
        assert client.get("a") == b"b"
    await connection.close()


async def test_it_speaks_tls_to_a_server_it_can_verify_and_to_no_other(own_valkey: Valkey, tmp_path: Path) -> None:
    async with tls_in_front_of(own_valkey, tmp_path) as (port, authority):
        address = f"rediss://:{PASSWORD}@localhost:{port}/0"
        trusting = Connection(f"{address}?ssl_ca_certs={authority}")
        assert await trusting.command("PING") == b"PONG"
        await trusting.close()

        wary = Connection(address, connect_timeout=0.1)
        with pytest.raises(Unreachable):
            await wary.command("PING")
        await wary.close()


async def test_an_admission_without_its_server_refuses_within_the_deadline(redis_url: str, books: Books) -> None:
    till = Till("redis://127.0.0.1:1", books, connect_timeout=0.1)
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable) as refused:
            await till.hold()
        with pytest.raises(Unavailable):
            await till.settle(till.call())
    assert refused.value.code == "admission_unavailable"
    assert till.epoch is None
    await till.admission.close()


async def test_calls_survive_a_connection_that_is_cut(own_valkey: Valkey, books: Books) -> None:
    till = Till(own_valkey.url, books)
    await till.hold()
    calls = asyncio.gather(*(till.hold() for _ in range(20)))
    await asyncio.sleep(0)
    own_valkey.client.client_kill_filter(_type="normal", skipme=True)
    await calls
    await till.admission.close()


def test_a_url_says_everything_about_the_server() -> None:
    parsed = Endpoint.parse("redis://user:p%40ss@cache.internal:7000/2")
    assert (parsed.host, parsed.port, parsed.database) == ("cache.internal", 7000, 2)
    assert (parsed.username, parsed.password, parsed.tls) == ("user", "p@ss", None)
    assert "p@ss" not in repr(parsed)
    assert Endpoint.parse("rediss://cache.internal").tls is not None
    assert Endpoint.parse("unix:///run/valkey.sock").path == "/run/valkey.sock"


def test_a_url_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with redis://"):
        Endpoint.parse("http://127.0.0.1")
