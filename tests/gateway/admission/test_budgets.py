"""Money: held at its worst case, settled at what it was, never more than the budget."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.admission.holds import Settled, Spending
from kit.errors import BudgetExceeded
from kit.ids import new_id
from tests.gateway.admission.till import Till, budget, limit

USD = 10**9


async def test_a_hold_takes_the_worst_case_and_the_settlement_gives_back_the_rest(till: Till) -> None:
    line = budget(10 * USD)
    call = await till.hold(line, cost=3 * USD)
    assert await till.spending(line) == [Spending(0, 3 * USD)]

    assert await till.settle(call, cost=USD) is Settled.SETTLED
    assert await till.spending(line) == [Spending(USD, 0)]


async def test_a_call_that_fits_exactly_is_let_in_and_one_nano_more_is_not(till: Till) -> None:
    line = budget(10 * USD)
    await till.hold(line, cost=4 * USD)

    with pytest.raises(BudgetExceeded):
        await till.hold(line, cost=6 * USD + 1)
    assert (await till.answer(line, cost=6 * USD)).remaining_nano_usd == 0


async def test_of_two_hundred_concurrent_calls_a_budget_for_ten_lets_in_ten(till: Till) -> None:
    line = budget(10 * USD)
    answers = await asyncio.gather(*(till.hold(line, cost=USD) for _ in range(200)), return_exceptions=True)

    let_in = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(let_in) == 10
    assert sum(isinstance(answer, BudgetExceeded) for answer in answers) == 190
    assert await till.spending(line) == [Spending(0, 10 * USD)]

    await asyncio.gather(*(till.settle(call, cost=USD // 10) for call in let_in))
    assert await till.spending(line) == [Spending(USD, 0)]
    refilled = await asyncio.gather(*(till.hold(line, cost=USD) for _ in range(50)), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in refilled) == 9


async def test_every_budget_of_a_call_is_charged_or_none(till: Till) -> None:
    wide, narrow = budget(100 * USD, level="organization"), budget(USD, level="key")
    with pytest.raises(BudgetExceeded):
        await till.hold(wide, narrow, cost=2 * USD)
    assert await till.spending(wide, narrow) == [Spending(0, 0), Spending(0, 0)]

    await till.hold(wide, narrow, cost=USD)
    assert await till.spending(wide, narrow) == [Spending(0, USD), Spending(0, USD)]


async def test_the_refusal_names_the_budget_that_resets_last(till: Till) -> None:
    daily = budget(USD, "2026-11-21", name="daily", resets_at=datetime(2026, 11, 22, tzinfo=UTC))
    monthly = budget(USD, name="monthly", resets_at=datetime(2026, 12, 1, tzinfo=UTC))
    with pytest.raises(BudgetExceeded) as refused:
        await till.hold(daily, monthly, cost=2 * USD)

    error = refused.value
    assert (error.status, error.code) == (402, "budget_exceeded")
    assert error.headers == {"x-should-retry": "false"}
    assert "“monthly”" in error.message
    assert "2026-12-01" in error.message
    assert error.details["budget"]["id"] == str(monthly.budget_id)
    assert error.details["budget"]["limit_usd"] == "1"
    assert error.details["worst_case_usd"] == "2"


async def test_a_budget_is_named_before_a_limit_since_waiting_does_not_mend_it(till: Till) -> None:
    with pytest.raises(BudgetExceeded):
        await till.hold(limit(concurrency=0), budget(0), cost=1)


async def test_a_call_that_costs_nothing_passes_an_exhausted_budget(till: Till) -> None:
    line = budget(USD)
    await till.settle(await till.hold(line, cost=USD), cost=2 * USD)
    assert (await till.answer(line, cost=0)).remaining_nano_usd == 0


async def test_a_lowered_limit_keeps_what_is_spent(till: Till) -> None:
    line = budget(10 * USD)
    await till.settle(await till.hold(line, cost=5 * USD), cost=5 * USD)
    lowered = budget(5 * USD, budget_id=line.budget_id)
    with pytest.raises(BudgetExceeded):
        await till.hold(lowered, cost=1)


async def test_what_a_provider_charges_beyond_the_hold_is_spent_all_the_same(till: Till) -> None:
    line = budget(10 * USD)
    await till.settle(await till.hold(line, cost=USD), cost=12 * USD)
    assert await till.spending(line) == [Spending(12 * USD, 0)]


async def test_a_newer_period_starts_at_zero(till: Till) -> None:
    november = budget(USD, "2026-11")
    await till.settle(await till.hold(november, cost=USD), cost=USD)
    december = replace(november, period="2026-12")

    assert await till.spending(december) == [Spending(0, 0)]
    await till.hold(december, cost=USD)
    assert await till.spending(december) == [Spending(0, USD)]


async def test_a_settlement_of_a_past_period_leaves_the_new_one_alone(till: Till) -> None:
    november = budget(USD, "2026-11")
    late = await till.hold(november, cost=USD)
    december = replace(november, period="2026-12")
    await till.hold(december, cost=USD // 2)

    assert await till.settle(late, cost=USD) is Settled.SETTLED
    assert await till.spending(december) == [Spending(0, USD // 2)]


async def test_a_worker_whose_clock_is_behind_does_not_turn_the_period_back(till: Till) -> None:
    december = budget(USD, "2026-12")
    await till.settle(await till.hold(december, cost=USD), cost=USD)
    with pytest.raises(BudgetExceeded):
        await till.hold(replace(december, period="2026-11"), cost=1)


@pytest.mark.parametrize(("tokens", "cost", "lease_seconds"), [(-1, 0, 60), (0, -1, 60), (0, 0, 0)])
def test_a_hold_is_not_negative(till: Till, tokens: int, cost: int, lease_seconds: int) -> None:
    with pytest.raises(ValueError, match="not negative"):
        till.call(tokens=tokens, cost=cost, lease_seconds=lease_seconds)


async def test_a_settlement_is_not_negative(till: Till) -> None:
    call = await till.hold(budget(USD), cost=USD)
    with pytest.raises(ValueError, match="not negative"):
        await till.settle(call, cost=-1)


async def test_one_that_only_warns_lets_pass_and_says_so(till: Till) -> None:
    soft, hard = replace(budget(10), only_warns=True), budget(100)
    assert (await till.answer(soft, hard, cost=10)).beyond == ()
    answer = await till.answer(soft, hard, cost=40)
    assert answer.beyond == (soft,)
    assert await till.spending(soft, hard) == [Spending(0, 50), Spending(0, 50)]
    with pytest.raises(BudgetExceeded):
        await till.hold(soft, hard, cost=51)
    assert await till.spending(soft, hard) == [Spending(0, 50), Spending(0, 50)]


async def test_a_budget_that_is_not_charged_gets_back_what_was_held(till: Till) -> None:
    everything, small, large = budget(100), budget(100), budget(100)
    call = await till.hold(everything, small, large, cost=60)
    await till.settle(call, cost=20, charged=frozenset({everything.budget_id, large.budget_id}))
    assert await till.spending(everything, small, large) == [Spending(20, 0), Spending(0, 0), Spending(20, 0)]


async def test_of_several_that_refuse_one_that_downgrades_is_named_last(till: Till) -> None:
    blocks, downgrades = budget(10, name="blocks"), replace(budget(5, name="downgrades"), downgrade_model="small")
    with pytest.raises(BudgetExceeded, match="blocks"):
        await till.hold(downgrades, blocks, cost=20)
    with pytest.raises(BudgetExceeded, match="downgrades"):
        await till.hold(downgrades, blocks, cost=7)


async def test_an_end_users_account_is_forgotten_when_its_period_is_long_over(till: Till) -> None:
    ends = datetime.fromtimestamp(till.now_ms / 1000, UTC) + timedelta(hours=1)
    line = replace(budget(100, level="end_user", resets_at=ends), account_id=new_id())
    await till.settle(await till.hold(line, cost=10), cost=7)
    till.pass_time(hours=24)
    await till.admission.sweep(till.organization_id)
    assert await till.spending(line) == [Spending(7, 0)]
    till.pass_time(hours=1)
    await till.admission.sweep(till.organization_id)
    assert await till.spending(line) == [Spending(0, 0)]
