"""Requests no client library would send: what two readers could take for different requests is none, or one."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator

import pytest

from tests.support.gateway import RunningGateway
from tests.support.ledger import records, settlement_of
from tests.support.recorder import Recorder
from tests.support.world import World

CHAT = b'{"model":"helper","messages":[{"role":"user","content":"Hello"}]}'
SMUGGLED = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n\r\n"
PATH = "/v1/chat/completions"


@pytest.fixture
def raw(gateway: RunningGateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        yield connection


@pytest.fixture
def served(gateway: RunningGateway, world: World, echo_upstream: Recorder) -> World:
    world.serve("helper", echo_upstream.url)
    gateway.catch_up()
    return world


def head(world: World, *lines: str, path: str = PATH) -> bytes:
    named = (f"POST {path} HTTP/1.1", "host: localhost", f"authorization: Bearer {world.key_text}", *lines)
    return "".join(f"{line}\r\n" for line in named).encode("latin-1") + b"\r\n"


def everything(connection: socket.socket) -> bytes:
    """All answers, up to the end of the connection."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            found += piece
    return found


def statuses(answers: bytes) -> list[int]:
    return [int(part.split()[0]) for part in answers.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    "lines",
    [
        (f"content-length: {len(CHAT)}", "transfer-encoding: chunked"),
        ("transfer-encoding: chunked", f"content-length: {len(CHAT)}"),
        (f"content-length: {len(CHAT)}", "content-length: 1"),
        (f"content-length: {len(CHAT)}, 1",),
        ("content-length: -1",),
        ("content-length: +5",),
        ("content-length: 0x10",),
        ("content-length: 99999999999999999999999",),
        ("transfer-encoding: chunked, identity",),
        (f"content-length : {len(CHAT)}",),
        (f"content-length: {len(CHAT)}", "x-one\x00two: value"),
        (f"content-length: {len(CHAT)}", "a header without a colon"),
    ],
    ids=" + ".join,
)
def test_framing_that_can_be_read_in_two_ways_is_refused(
    raw: socket.socket, served: World, echo_upstream: Recorder, lines: tuple[str, ...]
) -> None:
    raw.sendall(head(served, *lines) + CHAT + SMUGGLED)
    assert statuses(everything(raw)) == [400]
    assert echo_upstream.received == []


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\n" + CHAT,
        b"-5\r\n" + CHAT,
        b"ffffffffffffffffff\r\n" + CHAT,
        b"5;\x00\r\n" + CHAT,
    ],
)
def test_chunks_without_a_size_are_refused(
    raw: socket.socket, served: World, echo_upstream: Recorder, chunks: bytes
) -> None:
    raw.sendall(head(served, "transfer-encoding: chunked") + chunks + b"\r\n0\r\n\r\n")
    assert statuses(everything(raw)) == [400]
    assert echo_upstream.received == []


def test_a_body_in_chunks_is_read_whole(raw: socket.socket, served: World, echo_upstream: Recorder) -> None:
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (CHAT[:7], CHAT[7:30], CHAT[30:]))
    raw.sendall(head(served, "transfer-encoding: chunked", "connection: close") + pieces + b"0\r\n\r\n")
    assert statuses(everything(raw)) == [200]
    assert len(echo_upstream.received) == 1


def test_requests_one_behind_the_other_are_answered_in_order(
    raw: socket.socket, served: World, echo_upstream: Recorder
) -> None:
    call = head(served, f"content-length: {len(CHAT)}") + CHAT
    last = head(served, f"content-length: {len(CHAT)}", "connection: close") + CHAT
    raw.sendall(call + head(served, "content-length: 2") + b"{}" + last)
    assert statuses(everything(raw)) == [200, 400, 200]
    assert len(echo_upstream.received) == 2


def test_what_follows_the_body_is_no_part_of_it(raw: socket.socket, served: World, echo_upstream: Recorder) -> None:
    """The request behind it has no key, and gets none from the one before it."""
    raw.sendall(
        head(served, f"content-length: {len(CHAT)}")
        + CHAT
        + SMUGGLED.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    )
    assert statuses(everything(raw)) == [200, 401]
    assert len(echo_upstream.received) == 1


def test_an_answer_comes_in_one_piece(raw: socket.socket, served: World) -> None:
    """A head that is sent by itself costs the gateway a second system call, and the caller a second wake-up."""
    raw.sendall(head(served, f"content-length: {len(CHAT)}") + CHAT)
    found, _, body = raw.recv(65_536).partition(b"\r\n\r\n")
    assert statuses(found) == [200]
    assert json.loads(body)["object"] == "chat.completion"


@pytest.mark.parametrize(
    "path", ["/v1//chat/completions", "/v1/chat/completions/", "/v1/./chat/completions", "/v1/chat/completions%00"]
)
def test_another_spelling_of_an_address_is_another_address(
    raw: socket.socket, served: World, echo_upstream: Recorder, path: str
) -> None:
    raw.sendall(head(served, f"content-length: {len(CHAT)}", "connection: close", path=path) + CHAT)
    found = everything(raw)
    assert statuses(found) == [404]
    assert json.loads(found.partition(b"\r\n\r\n")[2])["error"]["code"] == "not_found"
    assert echo_upstream.received == []


@pytest.mark.parametrize("path", ["/v1/../admin/", "/v1/%2e%2e/admin/", "/v1/..%2fadmin/"])
def test_no_page_is_reached_through_the_inference_path(raw: socket.socket, served: World, path: str) -> None:
    raw.sendall(head(served, "content-length: 0", "connection: close", path=path))
    assert statuses(everything(raw)) == [404]


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"POST /v1/", b"x" * 65_536),
        (b"POST /v1/models HTTP/1.1\r\nx-one: ", b"x" * 65_536),
        (b"POST /v1/models HTTP/1.1\r\n", b"x-one: two\r\n" * 6_000),
    ],
)
def test_a_head_without_end_is_refused(raw: socket.socket, start: bytes, piece: bytes) -> None:
    raw.sendall(start)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(64):
            raw.sendall(piece)
        pytest.fail("four megabytes of a head were taken")
    assert set(statuses(everything(raw))) <= {400}


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"x-one: two\r\n" * 6_000])
def test_trailers_without_end_are_no_call(
    raw: socket.socket, served: World, echo_upstream: Recorder, piece: bytes
) -> None:
    raw.sendall(head(served, "transfer-encoding: chunked") + b"%x\r\n%b\r\n0\r\nx-one: " % (len(CHAT), CHAT))
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(64):
            raw.sendall(piece)
        pytest.fail("four megabytes of trailers were taken")
    assert echo_upstream.received == []


def test_a_body_that_is_shorter_than_it_says_is_no_call(
    gateway: RunningGateway, raw: socket.socket, served: World, echo_upstream: Recorder
) -> None:
    raw.sendall(head(served, f"content-length: {len(CHAT) + 1}") + CHAT)
    raw.shutdown(socket.SHUT_WR)
    assert statuses(everything(raw)) == []
    assert echo_upstream.received == []
    answer = gateway.post(PATH, headers=served.headers, content=CHAT)
    assert answer.status_code == 200
    settlement_of(served, answer.headers["x-request-id"])
    assert len(records(served, "requested")) == 1


@pytest.mark.parametrize("more", [(), ("connection: upgrade", "upgrade: h2c")], ids=["plainly", "as an upgrade"])
def test_what_comes_behind_a_body_is_no_header(
    raw: socket.socket, served: World, echo_upstream: Recorder, more: tuple[str, ...]
) -> None:
    """A proxy that sets or strips headers does not look there (RFC 9110, section 6.5.1)."""
    lines = (f"POST {PATH} HTTP/1.1", "host: localhost", "transfer-encoding: chunked", *more, "", "")
    trailers = f"authorization: Bearer {served.key_text}\r\nconnection: close\r\n\r\n".encode()
    raw.sendall("\r\n".join(lines).encode() + b"%x\r\n%b\r\n0\r\n" % (len(CHAT), CHAT) + trailers)
    answer = raw.recv(65_536)
    assert statuses(answer) == [401]
    assert echo_upstream.received == []
