"""Any interleaving of what can happen: the counters are what the reference says, and no budget is ever overdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import msgpack
import pytest
import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.admission.holds import BudgetLine, Hold, Settled, level_field
from gateway.admission.organization import Organization
from kit.errors import BudgetExceeded, RateLimited
from tests.gateway.admission.books import Books
from tests.gateway.admission.reference import LevelKey, Reference
from tests.gateway.admission.till import Till, budget, limit
from tests.gateway.admission.valkey import PASSWORD, Valkey

T = TypeVar("T")
MOST_CALLS_AT_ONCE = 8  # what one pass over expired leases takes
NANO = 2**53 // 9 + 12_345  # a call of nine is beyond what a double counts exactly


class Admissions(RuleBasedStateMachine):
    server: Valkey

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.Runner()
        self.books = Books()
        self.till = self.run_in_loop(self._till())
        self.reference = Reference(self.books, self.till.now_ms)
        self.limits = (
            limit("key", requests_per_minute=12, tokens_per_minute=600, concurrency=4),
            limit("team", requests_per_minute=60, tokens_per_minute=400, concurrency=6),
        )
        self.month = 1
        self.budgets: tuple[BudgetLine, ...] = (
            budget(13 * NANO, self.period, level="key"),
            budget(21 * NANO, self.period, level="organization"),
        )
        self.calls: list[Hold] = []
        self.ended: list[Hold] = []
        self.saved: dict[str, bytes] = {}
        self.keys = Organization(self.till.organization_id)
        self.client = redis.Redis(port=self.server.port, password=PASSWORD)

    async def _till(self) -> Till:
        return Till(self.server.url, self.books)

    def run_in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    @property
    def period(self) -> str:
        return f"2026-{self.month:02}"

    def take(self, index: int) -> Hold:
        return self.calls[index % len(self.calls)]

    def end(self, call: Hold) -> None:
        self.calls.remove(call)
        self.ended.append(call)

    @precondition(lambda self: len(self.calls) < MOST_CALLS_AT_ONCE)
    @rule(
        cost=st.integers(0, 9),
        off=st.integers(-1, 1),
        tokens=st.integers(0, 250),
        lease=st.sampled_from([5, 60]),
        narrow=st.booleans(),
        recorded=st.booleans(),
    )
    def call(self, cost: int, off: int, tokens: int, lease: int, narrow: bool, recorded: bool) -> None:
        """A call arrives; a worker may die before it is recorded."""
        lines = (*self.limits, *self.budgets) if narrow else (*self.limits[1:], *self.budgets[1:])
        call = self.till.call(*lines, cost=max(0, cost * NANO + off), tokens=tokens, lease_seconds=lease)
        if self.hold(call) == "held":
            self.calls.append(call)
            if recorded:
                self.books.request(call, self.till.epoch or "")

    def hold(self, call: Hold) -> str:
        expected, left = self.reference.hold(call)
        try:
            held = self.run_in_loop(self.hold_and_sweep(call))
        except BudgetExceeded:
            answer = "unaffordable"
        except RateLimited:
            answer = "limited"
        else:
            answer = "held"
            assert held.epoch == self.till.epoch == self.books.epoch
            assert (held.remaining_requests, held.remaining_tokens, held.remaining_nano_usd) == left
        assert answer == expected
        return answer

    async def hold_and_sweep(self, call: Hold) -> Any:
        try:
            return await self.till.admission.hold(call)
        finally:
            await self.till.admission._sweep.finished(call.organization_id)

    @precondition(lambda self: self.calls)
    @rule(index=st.integers(0, 7))
    def hold_again(self, index: int) -> None:
        self.hold(self.take(index))

    @precondition(lambda self: self.calls)
    @rule(index=st.integers(0, 7), share=st.fractions(0, 1), tokens=st.integers(0, 300), arrives=st.booleans())
    def settle(self, index: int, share: Any, tokens: int, arrives: bool) -> None:
        """A call ends; its worker may die between the books and Redis. One never recorded is released."""
        call = self.take(index)
        cost = int(call.cost_nano_usd * share)
        if call.request_id not in self.books.requested:
            cost = tokens = 0
        else:
            self.books.settle(call.request_id, tokens=tokens, cost_nano_usd=cost)
        self.end(call)
        if arrives:
            self.settle_in_redis(call, tokens, cost)

    @precondition(lambda self: self.ended)
    @rule(index=st.integers(0, 50))
    def settle_again(self, index: int) -> None:
        call = self.ended[index % len(self.ended)]
        outcome = self.books.settled.get(call.request_id)
        self.settle_in_redis(call, outcome.tokens if outcome else 0, outcome.cost_nano_usd if outcome else 0)

    def settle_in_redis(self, call: Hold, tokens: int, cost: int) -> None:
        expected = self.reference.settle(call.request_id, tokens, cost)
        assert self.run_in_loop(self.settle_and_sweep(call, tokens, cost)) is expected

    async def settle_and_sweep(self, call: Hold, tokens: int, cost: int) -> Settled:
        settled = await self.till.settle(call, tokens=tokens, cost=cost)
        await self.till.admission._sweep.finished(call.organization_id)
        return settled

    @precondition(lambda self: self.calls)
    @rule(index=st.integers(0, 7))
    def renew(self, index: int) -> None:
        call = self.take(index)
        expected = self.reference.renew(call.request_id, 60)
        renewed = self.run_in_loop(self.till.admission.renew(self.till.organization_id, call.request_id, 60))
        assert renewed is expected

    @rule(seconds=st.integers(1, 40))
    def pass_time(self, seconds: int) -> None:
        self.till.pass_time(seconds=seconds)
        self.reference.now = self.till.now_ms

    @rule()
    def sweep(self) -> None:
        self.reference.sweep()
        self.run_in_loop(self.till.admission.sweep(self.till.organization_id))

    @rule()
    def begin_a_period(self) -> None:
        self.month += 1
        self.budgets = tuple(replace(line, period=self.period) for line in self.budgets)

    @rule()
    def flush(self) -> None:
        self.client.delete(self.keys.state, self.keys.leases)
        self.reference.lost = True

    @rule()
    def save(self) -> None:
        dumps = {key: self.client.dump(key) for key in (self.keys.state, self.keys.leases)}
        self.saved = {key: dump for key, dump in dumps.items() if dump}

    @rule()
    def fail_over_to_what_was_saved(self) -> None:
        """Another server takes over that has missed everything since."""
        self.client.delete(self.keys.state, self.keys.leases)
        for key, dump in self.saved.items():
            self.client.restore(key, 0, dump)
        self.client.replicaof("127.0.0.1", "1")
        self.client.replicaof("NO", "ONE")
        self.client.client_kill_filter(_type="normal", skipme=True)
        self.reference.lost = True
        self.run_in_loop(asyncio.sleep(0.001))

    @invariant()
    def no_budget_is_overdrawn(self) -> None:
        """By the books: what is settled and what open calls may cost at most."""
        sums: dict[tuple[Any, str], int] = {}
        limits: dict[tuple[Any, str], int] = {}
        for request_id, call in self.books.requested.items():
            outcome = self.books.settled.get(request_id)
            for line in call.budgets:
                key = (line.budget_id, line.period)
                sums[key] = sums.get(key, 0) + (outcome.cost_nano_usd if outcome else call.cost_nano_usd)
                limits[key] = line.limit_nano_usd
        assert all(total <= limits[key] for key, total in sums.items())

    @invariant()
    def the_counters_are_those_of_the_reference(self) -> None:
        spending = self.run_in_loop(self.till.spending(*self.budgets))
        assert spending == [self.reference.spending(line) for line in self.budgets]
        for line, now in zip(self.budgets, spending, strict=True):
            assert now.spent_nano_usd + now.held_nano_usd <= line.limit_nano_usd
        for key, bucket in self.reference.buckets.items():
            expected = (float(bucket.requests), float(bucket.tokens), bucket.in_flight)
            assert self.stored_level(key) == pytest.approx(expected, abs=1e-6)

    def stored_level(self, key: LevelKey) -> tuple[float, float, int]:
        """Requests and tokens used, calls in flight."""
        packed = self.client.hget(self.keys.state, level_field(*key))
        unpacker = msgpack.Unpacker()
        unpacker.feed(packed)
        _, requests, tokens, in_flight = unpacker
        return requests, tokens, in_flight

    def teardown(self) -> None:
        if hasattr(self, "till"):
            self.run_in_loop(self.till.admission.close())
            self.loop.close()
            self.client.close()


def test_no_interleaving_overdraws_a_budget_or_loses_a_nano_dollar() -> None:
    with TemporaryDirectory() as folder:
        server = Valkey(Path(folder)).start()
        try:
            machine = type("Machine", (Admissions,), {"server": server})
            enough = settings(max_examples=60, stateful_step_count=40, deadline=None)
            run_state_machine_as_test(machine, settings=enough)
        finally:
            server.kill()
