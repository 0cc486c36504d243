"""Nothing connects to an address the operator's policy does not include, whatever form it comes in."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest

from kit.egress import EgressPolicy, EgressRefused, addresses, connect, connect_unix
from kit.egress.session import guarded_session

ROOT = Path(__file__).parents[2]
NOWHERE = EgressPolicy()
LOOPBACK = EgressPolicy(allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")))


def allowing(*networks: str) -> EgressPolicy:
    return EgressPolicy(allowed_networks=tuple(ip_network(network) for network in networks))


def naming(host: str, port: int = 80) -> EgressPolicy:
    return EgressPolicy(allowed_hosts=frozenset({(host, port)}))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001::1", "[2a00::1]"]
)
def test_public_addresses_are_permitted(address: str) -> None:
    assert NOWHERE.permits("example.com", 443, address)


def test_settings_are_read_as_they_are_written() -> None:
    policy = EgressPolicy.listing(["Model.internal:8000", "[::1]:81"], ["10.0.0.0/8"])
    assert policy.permits("model.internal", 8000, "127.0.0.1")
    assert policy.permits("::1", 81, "::1")
    assert policy.permits("anything", 1, "10.9.8.7")
    for hosts, networks in ((["model"], []), ([], ["10.0.0.1/8"])):
        with pytest.raises(ValueError, match=r"int|host bits"):
            EgressPolicy.listing(hosts, networks)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),  # noqa: S104
        *("100.64.0.1", "100.100.100.200", "169.254.169.254", "168.63.129.16", "192.0.0.192", "192.0.2.1"),
        *("198.18.0.1", "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "100::1"),
        *("::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8"),
        *("64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::", "2001::1", "2001:db8::1", "3fff::1", "5f00::1"),
        *("2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost", "", "1.1.1.1:80"),
    ],
)
def test_everything_else_is_refused(address: str) -> None:
    assert not NOWHERE.permits("example.com", 443, address)


def test_a_listed_network_is_permitted_on_every_port() -> None:
    policy = allowing("10.1.0.0/16", "fd12::/16")
    assert policy.permits("vllm.internal", 8000, "10.1.2.3")
    assert policy.permits("x", 1, "fd12::7")
    assert not policy.permits("vllm.internal", 8000, "10.2.0.1")


def test_a_listed_host_is_permitted_on_its_port_only() -> None:
    policy = naming("vllm.internal", 8000)
    assert policy.permits("vllm.internal", 8000, "10.1.2.3")
    assert policy.permits("VLLM.internal.", 8000, "127.0.0.1")
    assert not policy.permits("vllm.internal", 8001, "10.1.2.3")
    assert not policy.permits("evil.example", 8000, "10.1.2.3")


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "fe80::1", "0.0.0.0", "224.0.0.1", "::ffff:10.0.0.1"],  # noqa: S104
)
def test_a_name_never_opens_metadata_services_or_special_forms(address: str) -> None:
    assert not naming("vllm.internal", 80).permits("vllm.internal", 80, address)
    assert naming(address, 80).permits(address, 80, address)  # the operator wrote that very address


def test_a_translation_prefix_opens_only_what_is_permitted_behind_it() -> None:
    policy = allowing("64:ff9b::/96")
    assert policy.permits("example.com", 443, "64:ff9b::8.8.8.8")
    assert not policy.permits("example.com", 443, "64:ff9b::10.0.0.1")
    assert allowing("64:ff9b::/96", "10.0.0.0/8").permits("example.com", 443, "64:ff9b::10.0.0.1")
    assert not allowing("127.0.0.0/8").permits("example.com", 443, "::ffff:127.0.0.1")


@pytest.fixture
async def server() -> AsyncIterator[int]:
    """Counts nothing, answers every request with a redirect to itself."""

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        status = b"302 Found\r\nlocation: /ok" if b"/redirect" in request else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 2\r\nset-cookie: a=b\r\n\r\nok")
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(redirect, "127.0.0.1", 0)
    yield running.sockets[0].getsockname()[1]
    running.close()
    await running.wait_closed()


async def test_only_the_permitted_addresses_of_a_name_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "10.0.0.1", "1.1.1.1", "::ffff:127.0.0.1", "1.1.1.1")
    assert await addresses(NOWHERE, "mixed.example", 443) == ["1.1.1.1"]


async def test_a_name_with_private_addresses_only_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "10.0.0.1", "127.0.0.1")
    with pytest.raises(EgressRefused):
        await addresses(NOWHERE, "inside.example", 443)


async def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, server: int
) -> None:
    """A name that resolves anew for the connection (rebinding) would be asked a second time."""
    asked = resolve_to(monkeypatch, "127.0.0.1")
    protocol = await connect(naming("rebinding.example", server), Peer, "rebinding.example", server)
    assert protocol.peer == ("127.0.0.1", server)
    assert asked == ["rebinding.example"]
    protocol.transport.abort()


async def test_the_next_address_is_tried_when_one_does_not_accept(monkeypatch: pytest.MonkeyPatch, server: int) -> None:
    resolve_to(monkeypatch, "127.0.0.9", "127.0.0.1")
    protocol = await connect(LOOPBACK, Peer, "two.example", server)
    assert protocol.peer == ("127.0.0.1", server)
    protocol.transport.abort()


async def test_unix_sockets_are_permitted_by_path_only(tmp_path: Path) -> None:
    path = str(tmp_path / "a.sock")
    ended = asyncio.Event()

    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()
        ended.set()

    running = await asyncio.start_unix_server(end, path)
    with pytest.raises(EgressRefused):
        await connect_unix(NOWHERE, Peer, path)
    with pytest.raises(EgressRefused):
        guarded_session(NOWHERE, unix_socket=path)
    protocol = await connect_unix(EgressPolicy(allowed_unix_sockets=frozenset({path})), Peer, path)
    await ended.wait()
    protocol.transport.abort()
    running.close()
    await running.wait_closed()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"])
async def test_a_session_reaches_nothing_private(server: int, host: str) -> None:
    async with guarded_session(NOWHERE) as session:
        with pytest.raises((OSError, aiohttp.ClientError)):
            await session.get(f"http://{host}:{server}/ok")


async def test_a_session_reaches_what_is_listed_and_keeps_no_cookie(server: int) -> None:
    async with guarded_session(LOOPBACK) as session, session.get(f"http://127.0.0.1:{server}/ok") as answer:
        assert await answer.text() == "ok"
        assert len(session.cookie_jar) == 0
    async with (
        guarded_session(naming("localhost", server)) as session,
        session.get(f"http://localhost:{server}/") as answer,
    ):
        assert answer.status == 200


async def test_a_session_follows_no_redirect(server: int) -> None:
    async with guarded_session(LOOPBACK) as session:
        with pytest.raises(aiohttp.ClientError, match="redirect"):
            await session.get(f"http://127.0.0.1:{server}/redirect")


async def test_a_session_takes_no_option_that_would_replace_its_guard() -> None:
    with pytest.raises(TypeError, match="connector"):
        guarded_session(NOWHERE, connector=None)


GUARDED = """
import asyncio, socket, sys, urllib.request
from ipaddress import ip_network
from kit.egress import EgressPolicy, EgressRefused
from kit.egress.process_guard import install_process_guard

port = int(sys.argv[1])
install_process_guard(EgressPolicy(
    allowed_hosts=frozenset({("localhost", port)}), allowed_networks=(ip_network("127.0.0.5/32"),)
))

def refused(act):
    try:
        act()
    except (EgressRefused, ImportError):
        return True
    except OSError as error:
        return isinstance(getattr(error, "reason", None), EgressRefused)
    return False

def tcp(*address, family=socket.AF_INET):
    with socket.socket(family) as one:
        one.connect(address)

def udp(address):
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.sendto(b"x", address)

async def streams(host):
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    await writer.wait_closed()

def unix():
    with socket.socket(socket.AF_UNIX) as one:
        one.connect("/tmp/nowhere.sock")

tcp("127.0.0.1", port)                       # localhost, by its name
asyncio.run(streams("localhost"))
assert refused(lambda: tcp("127.0.0.1", port + 1))
assert refused(lambda: tcp("10.0.0.1", 80))
assert refused(lambda: tcp("localhost", port))  # a name would be resolved after the check
assert refused(lambda: tcp("::ffff:127.0.0.1", port, family=socket.AF_INET6))
assert refused(lambda: udp(("169.254.169.254", 53)))
assert refused(unix)
assert refused(lambda: asyncio.run(streams("127.0.0.2")))
assert refused(lambda: urllib.request.urlopen("http://10.0.0.1/"))
assert refused(lambda: __import__("uvloop"))
try:
    tcp("127.0.0.5", port)
except ConnectionRefusedError:
    pass                                     # permitted; nobody listens there
left, right = socket.socketpair()
left.send(b"x"); assert right.recv(1) == b"x"; left.close(); right.close()
print("guarded")
"""


async def test_a_guarded_process_cannot_leave_the_policy(server: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", GUARDED, str(server)),
        env={"PYTHONPATH": str(ROOT / "platform")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert output.decode() == "guarded\n"


class Peer(asyncio.Protocol):
    """Remembers where it was connected to."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.peer = transport.get_extra_info("peername")


def resolve_to(monkeypatch: pytest.MonkeyPatch, *found: str) -> list[str]:
    """Makes every name resolve to `found`; gives the list of the names asked for. Addresses resolve to themselves."""
    asked: list[str] = []
    genuine = socket.getaddrinfo

    def resolve(host: str, *arguments: object, **options: object) -> list[tuple[object, ...]]:
        if host[0].isdigit() or ":" in host:
            return genuine(host, *arguments, **options)  # type: ignore[arg-type, return-value]
        asked.append(host)
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked
