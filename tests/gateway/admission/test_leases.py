"""Calls that never end: a worker that died, a settlement that never reached Redis."""

from __future__ import annotations

import pytest

from gateway.admission.holds import Settled, Spending
from kit.errors import BudgetExceeded, RateLimited
from tests.gateway.admission.books import Books
from tests.gateway.admission.till import Till, budget, limit


async def test_when_the_lease_is_over_place_and_tokens_are_free_again(till: Till) -> None:
    team = limit("team", concurrency=1, tokens_per_minute=100)
    await till.hold(team, tokens=100, lease_seconds=5)
    with pytest.raises(RateLimited):
        await till.hold(team, tokens=100)
    till.pass_time(seconds=5)
    await till.hold(team, tokens=100)


async def test_money_of_a_call_that_was_never_recorded_comes_back(till: Till) -> None:
    line = budget(100)
    await till.hold(line, cost=100, lease_seconds=5)
    till.pass_time(seconds=5)
    await till.admission.sweep(till.organization_id)
    assert await till.spending(line) == [Spending(0, 0)]


async def test_money_of_a_call_that_may_still_run_stays_held(till: Till, books: Books) -> None:
    line = budget(100)
    call = till.call(line, cost=100, lease_seconds=5)
    books.request(call, (await till.admission.hold(call)).epoch)
    till.pass_time(seconds=5)
    await till.admission.sweep(till.organization_id)
    with pytest.raises(BudgetExceeded):
        await till.hold(line, cost=1)

    books.settle(call.request_id, tokens=0, cost_nano_usd=70)
    await till.admission.sweep(till.organization_id)
    assert await till.spending(line) == [Spending(0, 100)]  # asked about every ten seconds
    till.pass_time(seconds=10)
    await till.admission.sweep(till.organization_id)
    assert await till.spending(line) == [Spending(70, 0)]


async def test_a_settlement_that_never_reached_redis_is_found_in_the_books(till: Till, books: Books) -> None:
    line = budget(100)
    call = till.call(line, cost=100, lease_seconds=5)
    books.request(call, (await till.admission.hold(call)).epoch)
    books.settle(call.request_id, tokens=3, cost_nano_usd=30)
    till.pass_time(seconds=5)
    await till.hold(line, cost=0)  # any call of the organisation starts the sweep in passing
    await till.swept()
    assert await till.spending(line) == [Spending(30, 0)]


async def test_a_settlement_after_the_lease_counts(till: Till, books: Books) -> None:
    line, key = budget(100), limit(concurrency=1)
    call = till.call(line, key, cost=100, lease_seconds=5)
    books.request(call, (await till.admission.hold(call)).epoch)
    till.pass_time(seconds=5)
    await till.admission.sweep(till.organization_id)
    await till.hold(key)

    assert await till.settle(call, cost=60) is Settled.LATE
    assert await till.spending(line) == [Spending(60, 0)]
    with pytest.raises(RateLimited):  # its place was given to another and is not given back twice
        await till.hold(key)


async def test_a_settlement_after_the_sweep_counts(till: Till) -> None:
    """A worker that stood still, was given up as never recorded, and went on."""
    line = budget(100)
    call = await till.hold(line, cost=100, lease_seconds=5)
    till.pass_time(seconds=5)
    await till.admission.sweep(till.organization_id)
    await till.hold(line, cost=30)
    assert await till.settle(call, cost=60) is Settled.LATE
    assert await till.settle(call, cost=60) is Settled.UNKNOWN
    assert await till.spending(line) == [Spending(60, 30)]


async def test_after_a_day_an_expired_hold_is_forgotten(till: Till, books: Books) -> None:
    line = budget(100)
    call = till.call(line, cost=100, lease_seconds=5)
    books.request(call, (await till.admission.hold(call)).epoch)
    till.pass_time(seconds=5)
    await till.admission.sweep(till.organization_id)
    till.pass_time(hours=24)
    await till.admission.sweep(till.organization_id)
    assert await till.spending(line) == [Spending(0, 0)]
    assert await till.settle(call, cost=60) is Settled.UNKNOWN


async def test_what_was_swept_is_forgotten_after_a_day_too(till: Till) -> None:
    call = await till.hold(budget(100), cost=100, lease_seconds=5)
    till.pass_time(seconds=5)
    await till.admission.sweep(till.organization_id)
    till.pass_time(hours=24)
    await till.admission.sweep(till.organization_id)
    assert await till.settle(call, cost=60) is Settled.UNKNOWN


async def test_a_renewed_lease_is_kept(till: Till, books: Books) -> None:
    key = limit(concurrency=1)
    call = await till.hold(key, lease_seconds=5)
    till.pass_time(seconds=4)
    assert await till.admission.renew(till.organization_id, call.request_id, 5)
    till.pass_time(seconds=4)
    with pytest.raises(RateLimited):
        await till.hold(key)
    assert books.asked == 0


async def test_a_lease_renewed_too_late_takes_its_place_again(till: Till, books: Books) -> None:
    key, line = limit(concurrency=1), budget(100)
    call = till.call(key, line, tokens=60, cost=100, lease_seconds=5)
    books.request(call, (await till.admission.hold(call)).epoch)
    till.pass_time(seconds=5)
    await till.admission.sweep(till.organization_id)
    assert await till.admission.renew(till.organization_id, call.request_id, 60)
    with pytest.raises(RateLimited):
        await till.hold(key)
    assert await till.settle(call, tokens=10, cost=50) is Settled.SETTLED
    assert await till.spending(line) == [Spending(50, 0)]


async def test_there_is_nothing_to_renew_once_the_call_is_settled(till: Till) -> None:
    call = await till.hold()
    await till.settle(call)
    assert not await till.admission.renew(till.organization_id, call.request_id, 60)


async def test_a_hold_repeated_after_its_lease_stands_again(till: Till) -> None:
    key, line = limit(concurrency=1), budget(100)
    call = await till.hold(key, line, cost=80, lease_seconds=5)
    till.pass_time(seconds=5)
    await till.admission.hold(call)
    await till.swept()
    assert await till.spending(line) == [Spending(0, 80)]
    with pytest.raises(RateLimited):
        await till.hold(key)


async def test_a_hold_repeated_after_the_sweep_must_fit_again(till: Till) -> None:
    line = budget(100)
    call = await till.hold(line, cost=80, lease_seconds=5)
    till.pass_time(seconds=5)
    await till.admission.sweep(till.organization_id)
    other = await till.hold(line, cost=80)
    with pytest.raises(BudgetExceeded):
        await till.admission.hold(call)
    await till.settle(other)
    await till.admission.hold(call)
    assert await till.settle(call, cost=10) is Settled.SETTLED
    assert await till.spending(line) == [Spending(10, 0)]


async def test_any_number_of_dead_calls_is_swept(till: Till) -> None:
    team, line = limit("team", concurrency=50), budget(100)
    for _ in range(50):
        await till.hold(team, line, cost=2, lease_seconds=5)
    till.pass_time(seconds=5)
    await till.admission.sweep(till.organization_id)
    assert await till.spending(line) == [Spending(0, 0)]
    for _ in range(50):
        await till.hold(team)


async def test_when_the_books_cannot_be_read_the_sweep_is_tried_again_later(
    till: Till, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = budget(100)
    await till.hold(line, cost=40, lease_seconds=5)
    till.pass_time(seconds=5)
    with monkeypatch.context() as patch:
        patch.setattr(books, "outcomes", None)
        await till.hold(line, cost=60)
        await till.swept()
    assert await till.spending(line) == [Spending(0, 100)]
    till.pass_time(seconds=10)
    await till.admission.sweep(till.organization_id)
    assert await till.spending(line) == [Spending(0, 60)]
