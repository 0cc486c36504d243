"""`kill -9` of each process under load: what was acknowledged is on record, no money is lost, service returns."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial

from tests.faults import load
from tests.faults.books import agrees, on_record, open_calls
from tests.faults.load import Acknowledged
from tests.support.stack import LEASE_SECONDS, Stack, wait_for

# A dead worker is taken for dead after half a minute of silence and looked for every quarter of one.
ORPHANS_CLOSED_SECONDS = 60
# The books are asked about a hold whose lease is over at once, and ten seconds later again.
COUNTED_SECONDS = LEASE_SECONDS + 15


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


def test_workers_killed_under_load_are_replaced_and_their_calls_closed(stack: Stack) -> None:
    """One of them, whom its web server replaces; then that server with all of them, whom the supervisor replaces."""
    workers, web = stack.worker_pids(), stack.pid_of("web")

    one, all_of_them = (partial(os.kill, pid, signal.SIGKILL) for pid in (workers[0], web))
    seen = asyncio.run(load.during(stack, 10, one, all_of_them))

    stack.wait_until_ready()
    assert stack.pid_of("web") != web
    assert not {*workers} & {*stack.worker_pids()}
    assert seen.broken, "nobody was talking to a worker when it died"
    check(stack, seen)


def check(stack: Stack, seen: Acknowledged) -> None:
    """The books hold what callers were told; in the end nothing is open and the counters say what the books say."""
    assert seen.answers > 20
    assert seen.streams > 20
    assert seen.served_after, "nobody was served after the kill"
    assert not seen.unexpected, seen.unexpected[:3]
    on_record(stack, seen)
    wait_for(lambda: open_calls(stack) == 0, ORPHANS_CLOSED_SECONDS, "a call is neither settled nor closed")
    wait_for(lambda: agrees(stack), COUNTED_SECONDS, "the counters differ from the books")
