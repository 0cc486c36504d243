"""`kill -9` of each process under load: what was acknowledged is on record, no money is lost or stuck, service returns.

The stack is one of its own: the session's services must outlive these tests.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest

from gateway.admission.holds import Spending
from tests.faults import load
from tests.faults.load import Acknowledged
from tests.support.stack import LEASE_SECONDS, Stack, own_stack, wait_for

# A dead worker is taken for dead after half a minute of silence and looked for every quarter of one.
ORPHANS_CLOSED_SECONDS = 60
# The books are asked about a hold whose lease is over at once, and ten seconds later again.
COUNTED_SECONDS = LEASE_SECONDS + 15

SETTLED = "SELECT request_id, outcome, cost_nano_usd FROM audit_settlement"
REQUESTED = "SELECT id FROM audit_record WHERE kind = 'requested'"
OPEN = """
SELECT count(*) FROM audit_record AS requested WHERE kind = 'requested'
AND NOT EXISTS (SELECT FROM audit_settlement AS settled WHERE settled.request_id = requested.id)
"""
SPENT = """
SELECT (SELECT coalesce(sum(cost_nano_usd), 0) FROM audit_settlement)
     + (SELECT coalesce(sum(difference_nano_usd), 0) FROM audit_correction)
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with own_stack() as running:
        yield running


def test_valkey_killed_under_load_loses_no_money(stack: Stack) -> None:
    victim = stack.pid_of("valkey")

    seen = asyncio.run(load.during(stack, 6, lambda: os.kill(victim, signal.SIGKILL)))

    stack.wait_until_ready()
    assert stack.pid_of("valkey") != victim
    check(stack, seen)


def test_postgres_killed_under_load_loses_no_record(stack: Stack) -> None:
    victim = stack.pid_of("postgres")

    seen = asyncio.run(load.during(stack, 8, lambda: os.kill(victim, signal.SIGKILL)))

    stack.wait_until_ready()
    assert stack.pid_of("postgres") != victim
    check(stack, seen)


def test_a_worker_killed_under_load_is_replaced_and_its_calls_are_closed(stack: Stack) -> None:
    victim = stack.worker_pids()[0]

    seen = asyncio.run(load.during(stack, 6, lambda: os.kill(victim, signal.SIGKILL)))

    stack.wait_until_ready()
    assert victim not in stack.worker_pids()
    assert seen.broken, "nobody was talking to the worker when it died"
    check(stack, seen)


def check(stack: Stack, seen: Acknowledged) -> None:
    """The books hold what callers were told; in the end nothing is open and the counters say what the books say."""
    assert seen.answers > 20
    assert seen.streams > 20
    assert seen.served_after, "nobody was served after the kill"
    assert not seen.unexpected, seen.unexpected[:3]
    on_record(stack, seen)
    wait_for(lambda: _one(stack, OPEN) == 0, ORPHANS_CLOSED_SECONDS, "a call is neither settled nor closed")
    wait_for(lambda: agrees(stack), COUNTED_SECONDS, "the counters differ from the books")


def on_record(stack: Stack, seen: Acknowledged) -> None:
    with stack.books() as books:
        settled = {row[0]: row[1:] for row in books.execute(SETTLED)}
        requested = {request_id for (request_id,) in books.execute(REQUESTED)}
    for request_id, told in seen.complete.items():
        assert request_id in requested, "an acknowledged call was never recorded"
        assert request_id in settled, "an acknowledged call was never settled"
        outcome, cost_nano_usd = settled[request_id]
        assert outcome == "completed"
        assert told is None or told * 10**9 == cost_nano_usd


def agrees(stack: Stack) -> bool:
    """After one more call: an organisation's expired holds are ended by whoever calls next."""
    answer = httpx.post(f"{stack.url}/v1/chat/completions", headers=stack.headers, json=load.BODY, timeout=20)
    assert answer.status_code == 200, answer.text
    spent = int(_one(stack, SPENT))
    return stack.counted() == [Spending(spent, 0)] * len(stack.seeded.budget_ids)


def _one(stack: Stack, query: str) -> Decimal | int:
    with stack.books() as books:
        row = books.execute(query.encode()).fetchone()
    assert row is not None
    found: Decimal | int = row[0]
    return found
