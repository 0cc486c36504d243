"""A hold and a settlement count once, however often they are sent."""

from __future__ import annotations

import asyncio

from gateway.admission.holds import Settled, Spending
from tests.gateway.admission.till import Till, budget, limit


async def test_a_repeated_hold_is_answered_again_and_not_made_twice(till: Till) -> None:
    key, line = limit(requests_per_minute=2, tokens_per_minute=100, concurrency=1), budget(100)
    call = till.call(key, line, tokens=60, cost=60)
    first = await till.admission.hold(call)
    assert await till.admission.hold(call) == first
    assert (first.remaining_requests, first.remaining_tokens, first.remaining_nano_usd) == (1, 40, 40)
    assert await till.spending(line) == [Spending(0, 60)]


async def test_a_repeated_settlement_adds_nothing(till: Till) -> None:
    team, line = limit("team", concurrency=2), budget(100)
    call, _ = await till.hold(team, line, cost=40), await till.hold(team, line, cost=40)
    assert await till.settle(call, cost=30) is Settled.SETTLED
    assert await till.settle(call, cost=30) is Settled.UNKNOWN
    assert await till.spending(line) == [Spending(30, 40)]
    await till.hold(team)


async def test_settlements_of_one_call_at_the_same_time_count_once(till: Till) -> None:
    line = budget(100)
    call = await till.hold(line, cost=40)
    outcomes = await asyncio.gather(*(till.settle(call, cost=30) for _ in range(20)))
    assert outcomes.count(Settled.SETTLED) == 1
    assert await till.spending(line) == [Spending(30, 0)]


async def test_a_settlement_of_a_call_nobody_held_adds_nothing(till: Till) -> None:
    line = budget(100)
    assert await till.settle(till.call(line), cost=30) is Settled.UNKNOWN
    assert await till.spending(line) == [Spending(0, 0)]


async def test_a_caller_who_leaves_while_the_hold_is_made_leaves_nothing_held(till: Till) -> None:
    line = budget(100)
    await till.hold(line, cost=1)
    waiting = asyncio.create_task(till.hold(line, cost=40))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await till.spending(line) == [Spending(0, 1)]
