"""Any interleaving of what can happen: the counters are what the reference says, and no budget is ever overdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID

import msgpack  # type: ignore[import-untyped]
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

from gateway.admission.holds import BudgetLine, Held, Hold, Limit, Settled, level_field
from gateway.admission.organization import Organization
from gateway.admission.truth import Outcome
from kit.errors import BudgetExceeded, RateLimited
from tests.gateway.admission.books import Books
from tests.gateway.admission.reference import LevelKey, Reference
from tests.gateway.admission.till import Till, budget, limit
from tests.gateway.admission.valkey import PASSWORD, Valkey

T = TypeVar("T")
MOST_CALLS_AT_ONCE = 8  # what one pass over expired leases takes
# A call costs up to nine of them: beyond what a double counts exactly, and about as much as the books can hold.
UNITS = st.sampled_from([2**53 // 9 + 12_345, 10**17 + 7])


@dataclass(frozen=True)
class Arrival:
    """Costs so many units, and a nano-dollar more or less."""

    units: int
    off: int
    input_tokens: int
    output_tokens: int
    lease_seconds: int
    of_the_key: bool  # else only the team and the organisation are bound
    recorded: bool


@dataclass(frozen=True)
class Ending:
    index: int
    share: Fraction
    input_tokens: int
    output_tokens: int
    arrives: bool


TOKENS = st.integers(0, 150)
ARRIVALS = st.lists(
    st.builds(
        Arrival,
        st.integers(0, 9),
        st.integers(-1, 1),
        TOKENS,
        TOKENS,
        st.sampled_from([5, 60]),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
ENDINGS = st.lists(
    st.builds(Ending, st.integers(0, 7), st.fractions(0, 1), TOKENS, TOKENS, st.booleans()),
    min_size=1,
    max_size=3,
)


class Admissions(RuleBasedStateMachine):
    """Time, leases, deaths of workers and of servers, against the reference."""

    server: Valkey

    @initialize(unit=UNITS)
    def open(self, unit: int) -> None:
        self.unit = unit
        self.loop = asyncio.Runner()
        self.books = Books()
        self.till = self.run_in_loop(self.make_till())
        self.reference = Reference(self.books, self.till.now_ms)
        self.limits = (
            limit("key", requests_per_minute=12, tokens_per_minute=600, output_tokens_per_hour=2_000, concurrency=3),
            limit("team", requests_per_hour=40, tokens_per_minute=900, input_tokens_per_day=4_000, concurrency=5),
        )
        self.month = 1
        self.budgets: tuple[BudgetLine, ...] = (
            budget(13 * self.unit, self.period, level="key"),
            budget(21 * self.unit, self.period, level="organization"),
        )
        self.calls: list[Hold] = []
        self.ended: list[Hold] = []
        self.saved: dict[str, bytes] = {}
        self.keys = Organization(self.till.organization_id)
        self.client = redis.Redis(port=self.server.port, password=PASSWORD)

    async def make_till(self) -> Till:
        return Till(self.server.url, self.books)

    def run_in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    @property
    def period(self) -> str:
        return f"2026-{self.month:02}"

    @rule(arrivals=ARRIVALS)
    def call(self, arrivals: list[Arrival]) -> None:
        """A worker may die before it has recorded its call."""
        for arrival in arrivals[: MOST_CALLS_AT_ONCE - len(self.calls)]:
            first = 0 if arrival.of_the_key else 1
            lines: list[Limit | BudgetLine] = [*self.limits[first:], *self.budgets[first:]]
            call = self.till.call(
                *lines,
                cost=max(0, arrival.units * self.unit + arrival.off),
                tokens=arrival.input_tokens,
                output_tokens=arrival.output_tokens,
                lease_seconds=arrival.lease_seconds,
            )
            if self.hold(call) == "held":
                self.calls.append(call)
                if arrival.recorded:
                    self.books.request(call, self.till.epoch or "")

    @rule(arrivals=ARRIVALS)
    def call_more(self, arrivals: list[Arrival]) -> None:
        self.call(arrivals)

    @precondition(lambda self: self.calls)
    @rule(endings=ENDINGS)
    def settle(self, endings: list[Ending]) -> None:
        """A worker may die between the books and Redis. A call never recorded is released."""
        for ending in endings[: len(self.calls)]:
            call = self.calls.pop(ending.index % len(self.calls))
            self.ended.append(call)
            if call.request_id in self.books.requested:
                cost = int(call.cost_nano_usd * ending.share)
                self.books.settle(
                    call.request_id,
                    tokens=ending.input_tokens,
                    output_tokens=ending.output_tokens,
                    cost_nano_usd=cost,
                )
            if ending.arrives:
                self.settle_in_redis(call)

    @precondition(lambda self: self.ended)
    @rule(index=st.integers(0, 50))
    def settle_again(self, index: int) -> None:
        self.settle_in_redis(self.ended[index % len(self.ended)])

    @precondition(lambda self: self.calls)
    @rule(index=st.integers(0, 7), renewed=st.booleans())
    def hold_or_renew_again(self, index: int, renewed: bool) -> None:
        call = self.calls[index % len(self.calls)]
        if renewed:
            expected = self.reference.renew(call.request_id, 60)
            assert self.run_in_loop(self.till.admission.renew(call.organization_id, call.request_id, 60)) is expected
        else:
            self.hold(call)

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
    def save(self) -> None:
        dumps = {key: self.client.dump(key) for key in (self.keys.state, self.keys.leases)}
        self.saved = {key: dump for key, dump in dumps.items() if dump}

    @rule(stale=st.booleans())
    def lose_the_state(self, stale: bool) -> None:
        """Flushed; or another server takes over that has missed everything since it was saved."""
        self.client.delete(self.keys.state, self.keys.leases)
        if stale:
            for key, dump in self.saved.items():
                self.client.restore(key, 0, dump)
            self.client.replicaof("127.0.0.1", "1")
            self.client.replicaof("NO", "ONE")
            self.client.client_kill_filter(_type="normal", skipme=True)
            self.run_in_loop(asyncio.sleep(0.001))
        self.reference.lost = True

    @invariant()
    def no_budget_is_overdrawn(self) -> None:
        """By the books: what is settled and what open calls may cost at most."""
        sums: dict[tuple[UUID, str], int] = {}
        limits: dict[tuple[UUID, str], int] = {}
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
            in_flight, used = self.stored_level(key)
            assert in_flight == bucket.in_flight
            assert used == pytest.approx({code: float(amount) for code, amount in bucket.used.items()}, abs=1e-6)

    def stored_level(self, key: LevelKey) -> tuple[int, dict[int, float]]:
        """Calls in flight, and what is used of each rate."""
        unpacker = msgpack.Unpacker()
        unpacker.feed(self.client.hget(self.keys.state, level_field(*key)))
        _, in_flight, *pairs = unpacker
        return in_flight, dict(zip(pairs[::2], pairs[1::2], strict=True))

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

    async def hold_and_sweep(self, call: Hold) -> Held:
        try:
            return await self.till.admission.hold(call)
        finally:
            await self.till.swept()

    def settle_in_redis(self, call: Hold) -> None:
        outcome = self.books.settled.get(call.request_id, Outcome())
        expected = self.reference.settle(call.request_id, outcome)
        assert self.run_in_loop(self.settle_and_sweep(call, outcome)) is expected

    async def settle_and_sweep(self, call: Hold, outcome: Outcome) -> Settled:
        settled = await self.till.admission.settle(call.organization_id, call.request_id, outcome)
        await self.till.swept()
        return settled

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
