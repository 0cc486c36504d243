"""`kill -9` of each process under load: what was acknowledged is on record, no money is lost or stuck, service returns.

The stack is one of its own: the session's services must outlive these tests.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.support.stack import Stack, own_stack

BODY = {
    "model": "helper",
    "messages": [{"role": "user", "content": "Hello"}],
    "max_tokens": 64,
    "metadata": {"dummy": "tokens=8 latency_ms=30"},
}
CALLERS = 12


@dataclass(slots=True)
class Acknowledged:
    """What callers were told: the answers that came complete, by request id, with their cost."""

    complete: dict[UUID, str] = field(default_factory=dict)
    refused: int = 0
    broken: int = 0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with own_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


async def load(stack: Stack, seconds: float, meanwhile: float, act: object) -> Acknowledged:
    """Calls for so long; after `meanwhile` seconds does `act`."""
    seen = Acknowledged()
    until = time.monotonic() + seconds

    async def caller(client: httpx.AsyncClient) -> None:
        while time.monotonic() < until:
            try:
                answer = await client.post("/v1/chat/completions", json=BODY)
            except httpx.TransportError:
                seen.broken += 1
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 200:
                seen.complete[UUID(answer.headers["x-request-id"])] = answer.headers["x-chancery-cost-usd"]
            else:
                assert answer.status_code in (502, 503), answer.text
                seen.refused += 1
                await asyncio.sleep(0.05)

    async with httpx.AsyncClient(base_url=stack.url, headers=stack.headers, timeout=20) as client:
        calls = [asyncio.create_task(caller(client)) for _ in range(CALLERS)]
        await asyncio.sleep(meanwhile)
        act()  # type: ignore[operator]
        await asyncio.gather(*calls)
    return seen


def check(stack: Stack, seen: Acknowledged) -> None:
    """Every acknowledged call has its record and settlement; every open one is settled within its time."""
    assert len(seen.complete) > 20
    with psycopg.connect(stack.admin_url) as books:
        settled = dict(books.execute("SELECT request_id, outcome FROM audit_settlement").fetchall())
        requested = {row[0] for row in books.execute("SELECT id FROM audit_record WHERE kind = 'requested'")}
    for request_id in seen.complete:
        assert request_id in requested, "an acknowledged call was never recorded"
        assert settled.get(request_id) == "completed", "an acknowledged call was never settled"
    stack.settle_orphans()
    with psycopg.connect(stack.admin_url) as books:
        (still_open,) = books.execute(
            "SELECT count(*) FROM audit_record r WHERE kind = 'requested' "
            "AND NOT EXISTS (SELECT FROM audit_settlement s WHERE s.request_id = r.id)"
        ).fetchone() or (None,)
        (spent,) = books.execute("SELECT coalesce(sum(cost_nano_usd), 0) FROM audit_settlement").fetchone() or (None,)
    assert still_open == 0, "a call is neither settled nor closed"
    assert stack.counted_spend() == (spent, 0), "the counters differ from the books"


def test_a_gateway_worker(stack: Stack) -> None:
    victim = stack.worker_pids()[0]
    seen = asyncio.run(load(stack, 6, 2, lambda: os.kill(victim, signal.SIGKILL)))
    stack.wait_until_ready()
    assert victim not in stack.worker_pids()
    check(stack, seen)


def test_valkey(stack: Stack) -> None:
    seen = asyncio.run(load(stack, 6, 2, lambda: os.kill(stack.pid_of("valkey"), signal.SIGKILL)))
    stack.wait_until_ready()
    check(stack, seen)


def test_postgres(stack: Stack) -> None:
    seen = asyncio.run(load(stack, 8, 2, lambda: os.kill(stack.pid_of("postgres"), signal.SIGKILL)))
    stack.wait_until_ready()
    check(stack, seen)


def test_service_comes_back_by_itself(stack: Stack, tmp_path: Path) -> None:
    answer = httpx.post(stack.url + "/v1/chat/completions", headers=stack.headers, json=BODY, timeout=20)
    assert answer.status_code == 200
