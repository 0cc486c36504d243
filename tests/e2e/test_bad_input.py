"""Nothing a caller can send does more than be refused: with the documented code, and with memory left alone."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.gateway import RunningGateway
from tests.support.ledger import settlements
from tests.support.world import World

HELLO = '[{"role": "user", "content": "Hello"}]'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"[]", "invalid_json"),
        (b'"text"', "invalid_json"),
        (b'{"model": NaN}', "invalid_json"),
        (b'{"model": Infinity}', "invalid_json"),
        (b'{"model": "a", "model": "b"}', "invalid_json"),
        (b'{"model": "\\ud800"}', "invalid_json"),
        (b'{"model": "\xff"}', "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"a":' * 100_000, "invalid_json"),
        (b'{"seed": 123456789012345678901234567890}', "invalid_json"),
        (b"{}", "invalid_request"),
        (b'{"model": 1, "messages": []}', "invalid_request"),
        (b'{"model": "helper", "messages": []}', "invalid_request"),
        (b'{"model": "helper", "messages": {}}', "invalid_request"),
        (b'{"model": "helper", "messages": [{"role": "user", "content": 5}]}', "invalid_request"),
        (b'{"model": "helper", "messages": [{"role": "wizard", "content": "x"}]}', "invalid_request"),
        (f'{{"model": "helper", "messages": {HELLO}, "max_tokens": -1}}'.encode(), "invalid_request"),
        (f'{{"model": "helper", "messages": {HELLO}, "stream": "yes"}}'.encode(), "invalid_request"),
        (f'{{"model": "helper", "messages": {HELLO}, "temperature": "hot"}}'.encode(), "invalid_request"),
        (f'{{"model": "helper", "messages": {HELLO}, "service_tier": "priority"}}'.encode(), "unsupported_parameter"),
    ],
    ids=lambda value: value[:32].decode("latin-1") if isinstance(value, bytes) else value,
)
def test_a_body_that_is_not_a_chat(
    gateway: RunningGateway, world: World, upstream: str, body: bytes, code: str
) -> None:
    world.serve("helper", upstream)
    answer = gateway.post(
        "/v1/chat/completions", headers={**world.headers, "content-type": "application/json"}, content=body
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == code
    assert len(answer.content) < 2_000
    assert settlements(world) == []


def test_a_hundred_megabytes_are_refused_unread(gateway: RunningGateway, world: World) -> None:
    before = resident_bytes(gateway)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
            f"authorization: Bearer {world.key_text}\r\ncontent-length: 104857600\r\n\r\n"
        )
        connection.sendall(head.encode() + b"x" * 65_536)
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_too_large"
    assert resident_bytes(gateway) - before < 50_000_000


def test_a_body_without_a_length_is_refused_once_it_is_too_long(gateway: RunningGateway, world: World) -> None:
    before = resident_bytes(gateway)

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 1_048_576

    with contextlib.suppress(httpx.TransportError):  # the gateway may close before the client has stopped sending
        answer = gateway.post("/v1/chat/completions", headers=world.headers, content=endless())
        assert answer.status_code == 413
    assert resident_bytes(gateway) - before < 80_000_000


def test_many_bad_bodies_leave_memory_flat(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    bodies = [b"[" * 100_000, b'{"a":' * 100_000, b"{", b'{"model": NaN}']
    for body in bodies * 5:
        gateway.post("/v1/chat/completions", headers=world.headers, content=body)
    before = resident_bytes(gateway)
    for body in bodies * 25:
        gateway.post("/v1/chat/completions", headers=world.headers, content=body)
    assert resident_bytes(gateway) - before < 20_000_000


def resident_bytes(gateway: RunningGateway) -> int:
    pages = int(Path(f"/proc/{gateway.process.pid}/statm").read_text().split()[1])
    return pages * 4096
