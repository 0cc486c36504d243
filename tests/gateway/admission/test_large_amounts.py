"""Lua counts in doubles; money does not."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.admission.holds import Spending
from kit.errors import BudgetExceeded
from tests.gateway.admission.books import Books
from tests.gateway.admission.till import Till, budget

LANDMARKS = st.sampled_from([10**9, 2 * 10**9, 2**53, 10**17, 10**18])
AROUND_A_LANDMARK = st.builds(int.__add__, LANDMARKS, st.integers(-3, 3))
HUGE = st.integers(10**17, 10**21)
AMOUNTS = st.one_of(st.integers(0, 10), AROUND_A_LANDMARK, HUGE)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=6), slack=st.integers(-1, 1))
def test_amounts_beyond_two_to_the_53_are_exact_to_the_nano(
    redis_url: str, calls: list[tuple[int, int]], slack: int
) -> None:
    """The limit is what the calls add up to, give or take one nano-dollar: the last call passes or it does not."""
    limit_nano_usd = max(0, sum(held for held, _ in calls) + slack)

    async def run() -> None:
        till = Till(redis_url, Books())
        line = budget(limit_nano_usd)
        let_in = []
        held = 0
        for worst_case, _ in calls:
            fits = worst_case == 0 or held + worst_case <= limit_nano_usd
            try:
                let_in.append(await till.hold(line, cost=worst_case))
            except BudgetExceeded:
                assert not fits
            else:
                assert fits
                held += worst_case
            assert await till.spending(line) == [Spending(0, held)]
        spent = 0
        for call, (_, actual) in zip(let_in, calls, strict=False):
            await till.settle(call, cost=actual)
            spent, held = spent + actual, held - call.cost_nano_usd
            assert await till.spending(line) == [Spending(spent, held)]
        await till.admission.close()

    asyncio.run(run())
