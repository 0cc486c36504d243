"""While the server of the limits is away: each worker's share of them, and no money."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.admission.holds import BudgetLine, Held, Hold, Limit, Settled
from gateway.admission.share import LocalShare
from gateway.admission.truth import Outcome
from kit.errors import RateLimited, Unavailable
from kit.ids import new_id
from tests.gateway.admission.books import Books
from tests.gateway.admission.till import Till, budget, limit
from tests.gateway.admission.valkey import Valkey


class Alone:
    """A share of `1 / workers`, at a time the test sets."""

    def __init__(self, workers: int = 1) -> None:
        self.now = 1_000.0
        self.share = LocalShare(lambda: workers, lambda: self.now)

    def hold(self, *limits: Limit, tokens: int = 0, budgets: tuple[BudgetLine, ...] = ()) -> Hold:
        call = Hold(new_id(), new_id(), limits, budgets, tokens, 0, 1)
        self.share.hold(call)
        return call

    def passes(self, *limits: Limit, tokens: int = 0) -> bool:
        try:
            self.hold(*limits, tokens=tokens)
        except RateLimited:
            return False
        return True

    def passed(self, *limits: Limit, seconds: int, tokens: int = 0) -> int:
        """How many calls passed of one that was tried ten times a second, since the first of them did not."""
        assert not self.passes(*limits, tokens=tokens)
        count = 0
        for _ in range(seconds * 10):
            self.now += 0.1
            count += self.passes(*limits, tokens=tokens)
        return count


@pytest.mark.parametrize(("workers", "expected"), [(1, 60), (2, 30), (4, 15)])
def test_a_worker_lets_its_share_of_the_requests_pass(workers: int, expected: int) -> None:
    assert Alone(workers).passed(limit(requests_per_minute=60), seconds=60) == expected


def test_and_its_share_of_the_tokens() -> None:
    assert Alone(workers=2).passed(limit(tokens_per_minute=6_000), seconds=60, tokens=300) == 10


def test_and_its_share_of_longer_windows_and_of_output_apart() -> None:
    assert Alone(workers=2).passed(limit(requests_per_hour=3_600), seconds=60) == 30
    alone, key = Alone(), limit(output_tokens_per_minute=600)
    assert alone.passes(key, tokens=10**6)
    with pytest.raises(RateLimited, match="601 output tokens"):
        alone.share.hold(Hold(new_id(), new_id(), (key,), (), 0, 601, 1))


def test_a_share_begins_used_up() -> None:
    alone, key = Alone(), limit(requests_per_minute=6)
    with pytest.raises(RateLimited) as refused:
        alone.hold(key)
    assert refused.value.headers["retry-after-ms"] == "10000"
    alone.now += 10
    alone.hold(key)


def test_and_again_when_the_server_has_been_there_in_between() -> None:
    alone, key = Alone(), limit(requests_per_minute=6)
    assert not alone.passes(key)
    alone.now += 60
    alone.share.forget()
    assert not alone.passes(key)


def test_the_tightest_level_decides_and_a_refused_call_costs_nothing() -> None:
    alone, key, team = Alone(), limit("key", requests_per_minute=60), limit("team", requests_per_minute=6)
    assert alone.passed(key, team, seconds=60) == 6
    for _ in range(50):  # what the team refuses is not counted at the key
        assert not alone.passes(key, team)
    assert alone.passes(key)


def test_tokens_that_were_not_used_are_given_back() -> None:
    alone, key = Alone(), limit(tokens_per_minute=600)
    assert not alone.passes(key, tokens=600)
    alone.now += 60
    call = alone.hold(key, tokens=600)
    assert not alone.passes(key, tokens=500)
    assert alone.share.settle(call.request_id, Outcome(100))
    assert alone.passes(key, tokens=500)


def test_places_are_shared_too_and_come_back() -> None:
    alone, key = Alone(workers=2), limit(concurrency=4)
    first, _ = alone.hold(key), alone.hold(key)
    assert not alone.passes(key)
    assert alone.share.settle(first.request_id, Outcome(0))
    assert alone.passes(key)


def test_a_call_is_settled_once_and_only_where_it_was_held() -> None:
    alone, key = Alone(), limit(concurrency=1)
    call = alone.hold(key)
    assert alone.share.settle(call.request_id, Outcome(0))
    assert not alone.share.settle(call.request_id, Outcome(0))
    assert not alone.share.settle(new_id(), Outcome())


def test_a_hold_repeated_is_not_counted_again() -> None:
    alone, key = Alone(), limit(concurrency=1)
    call = alone.hold(key)
    assert alone.share.hold(call).epoch is None


def test_money_is_not_shared_out() -> None:
    with pytest.raises(Unavailable):
        Alone().hold(budgets=(budget(1_000_000_000),))


@pytest.mark.parametrize("ceiling", [{"requests_per_minute": 3}, {"concurrency": 3}, {"tokens_per_minute": 30}])
def test_where_a_share_is_too_small_for_any_call_only_the_server_can_tell(ceiling: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        Alone(workers=4).hold(limit("key", **ceiling), tokens=20)


@pytest.mark.parametrize("ceiling", [{"requests_per_minute": 0}, {"concurrency": 0}, {"tokens_per_minute": 10}])
def test_what_the_server_would_never_let_pass_is_refused_for_good(ceiling: dict[str, Any]) -> None:
    with pytest.raises(RateLimited) as refused:
        Alone(workers=4).hold(limit("key", **ceiling), tokens=20)
    assert refused.value.headers == {"x-should-retry": "false"}


@pytest.fixture
async def till(own_valkey: Valkey, books: Books) -> AsyncIterator[Till]:
    till = Till(own_valkey.url, books, share=LocalShare(lambda: 1), connect_timeout=0.1, command_timeout=0.2)
    yield till
    await till.admission.close()


async def test_with_the_server_the_share_is_not_asked(till: Till) -> None:
    held = await till.answer(limit(requests_per_minute=6))
    assert held.remaining_requests == 5
    assert held.epoch is not None


async def test_without_the_server_calls_that_no_budget_binds_go_on(till: Till, own_valkey: Valkey) -> None:
    await till.hold()
    own_valkey.kill()
    call = till.call(limit(concurrency=1))
    assert (await till.admission.hold(call)) == Held(None, None, None, None, None, None, None, None)
    with pytest.raises(Unavailable):
        await till.hold(budget(1_000_000_000))
    assert await till.settle(call) is Settled.SETTLED


async def test_what_began_without_the_server_ends_without_it(till: Till, own_valkey: Valkey) -> None:
    await till.hold()
    own_valkey.kill()
    key = limit(concurrency=1)
    call = await till.hold(key)
    own_valkey.start()
    while (await till.answer()).epoch is None:
        await asyncio.sleep(0.01)
    assert await till.settle(call) is Settled.SETTLED
