"""Connections that send little or nothing: they end, and nobody else notices."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from tests.gateway.api.test_raw_requests import CHAT, everything, head, statuses
from tests.support import gateway as gateways
from tests.support.gateway import RunningGateway
from tests.support.world import World


@pytest.fixture(scope="module")
def impatient(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    log = tmp_path_factory.mktemp("impatient") / "log"
    allowed = "127.0.0.0/8"
    running = gateways.start(environment, log, REQUEST_ARRIVAL_SECONDS="1", EGRESS_ALLOWED_NETWORKS=allowed)
    yield running
    running.stop()


@pytest.fixture
def raw(impatient: RunningGateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=10) as connection:
        yield connection


def test_a_connection_that_never_asks_anything_ends(raw: socket.socket) -> None:
    assert statuses(everything(raw)) == [408]


def test_a_head_that_never_ends_ends(raw: socket.socket, world: World) -> None:
    raw.sendall(head(world)[:-2])
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(50):
            raw.sendall(b"x")
            time.sleep(0.1)
    assert statuses(everything(raw)) in ([408], [])


def test_a_body_that_never_ends_ends_without_an_answer(raw: socket.socket, world: World) -> None:
    raw.sendall(head(world, f"content-length: {len(CHAT)}") + CHAT[:-1])
    assert everything(raw) == b""


def test_a_long_answer_is_not_a_late_request(
    impatient: RunningGateway, raw: socket.socket, world: World, upstream: str
) -> None:
    """A whole request stops the clock, and the next one on the same connection begins it anew."""
    world.serve("helper", upstream)
    impatient.catch_up()
    slow = CHAT[:-1] + b',"stream":true,"metadata":{"dummy":"tokens=5,interval_ms=400"}}'
    raw.sendall(head(world, f"content-length: {len(slow)}") + slow)
    answer = b""
    while not answer.endswith(b"0\r\n\r\n"):
        answer += raw.recv(65_536)
    assert statuses(answer) == [200]
    raw.sendall(head(world, f"content-length: {len(CHAT)}", "connection: close") + CHAT)
    assert statuses(everything(raw)) == [200]
