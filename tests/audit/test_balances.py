"""Balances against sums kept in Python, however much of the past is rolled up."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from audit.ledger.append import Writer
from audit.ledger.rows import RequestedRow
from audit.usage.balances import Balances, Ended, LedgerTruth
from kit import clock
from kit.ids import new_id
from tests.audit.conftest import Connect
from tests.audit.rows import Tenant, hold, outcome_of, requested

NOW = clock.now()
CURRENT = ["total", f"{NOW:%Y-%m}", f"{NOW:%G-W%V}", f"{NOW:%Y-%m-%d}"]
OVER = ["2019-12", "2019-W50", "2019-12-31"]


@pytest.fixture
async def truth(gateway_url: str) -> AsyncIterator[LedgerTruth]:
    found = LedgerTruth(gateway_url)
    yield found
    await found.close()


async def traffic(writer: Writer, tenant: Tenant, seed: int) -> tuple[dict[tuple[UUID, str], int], list[RequestedRow]]:
    """Some calls, and what they must add up to: spent per budget and period, and those left open."""
    chance = random.Random(seed)
    budgets = [new_id() for _ in range(4)]
    spent: dict[tuple[UUID, str], int] = defaultdict(int)
    still_open = []
    for _ in range(40):
        charged = {str(chance.choice(budgets)): chance.choice(CURRENT + OVER) for _ in range(chance.randrange(4))}
        row = requested(tenant, held=hold(tenant, cost_nano_usd=chance.randrange(2**50), budgets=charged))
        await writer.requested(row)
        if chance.random() < 0.25:
            still_open.append(row)
            continue
        cost = chance.randrange(row.hold.cost_nano_usd + 1)
        await writer.outcome(outcome_of(row, cost_nano_usd=cost))
        for budget, period in charged.items():
            if period in CURRENT:
                spent[UUID(budget), period] += cost
    return spent, still_open


def assert_equal(found: Balances, spent: dict[tuple[UUID, str], int], still_open: list[RequestedRow]) -> None:
    assert {(one.budget_id, one.period): one.nano_usd for one in found.spent} == spent
    assert {one.request_id: one.hold for one in found.open} == {row.id: row.hold for row in still_open}


async def test_they_are_what_was_settled_and_what_is_open(
    writer: Writer, truth: LedgerTruth, tenant: Tenant, other_tenant: Tenant
) -> None:
    expected = await traffic(writer, tenant, seed=1)
    others = await traffic(writer, other_tenant, seed=2)
    assert_equal(await truth.balances(tenant.id), *expected)
    assert_equal(await truth.balances(other_tenant.id), *others)


async def test_rolling_up_changes_nothing_about_them(
    connect: Connect, writer: Writer, truth: LedgerTruth, tenant: Tenant
) -> None:
    spent, still_open = await traffic(writer, tenant, seed=3)
    for row in still_open:
        await writer.outcome(outcome_of(row, cost_nano_usd=0))
        for budget, period in row.hold.budgets.items():
            if period in CURRENT:
                spent[UUID(budget), period] += 0
    owner = connect("migrator")
    with owner.transaction(force_rollback=True):
        # As if five minutes had passed since the last of them, and no writer had anything open.
        owner.execute(
            "CREATE OR REPLACE FUNCTION audit_oldest_open() RETURNS uuid LANGUAGE sql STABLE "
            "RETURN audit_first_id(now() + interval '1 minute')"
        )
        while owner.execute("SELECT audit_roll_up(7)").fetchone() == (True,):
            pass
        rolled_up = owner.execute("SELECT budget_id, period FROM audit_spent WHERE organization_id = %s", [tenant.id])
        assert set(rolled_up) >= spent.keys()
        found = owner.execute("SELECT audit_balances(%s)", [tenant.id]).fetchone()
    assert found
    assert {(UUID(budget), period): nano_usd for budget, period, nano_usd in found[0]["spent"]} == spent
    assert_equal(await truth.balances(tenant.id), spent, [])


async def test_nothing_that_may_still_change_is_rolled_up(
    connect: Connect, writer: Writer, truth: LedgerTruth, tenant: Tenant
) -> None:
    expected = await traffic(writer, tenant, seed=4)
    connect("system").execute("SELECT audit_roll_up()")
    through = connect("system").execute("SELECT through FROM audit_rolled_up").fetchone()
    assert through
    assert all(row.id > through[0] for row in expected[1])
    assert_equal(await truth.balances(tenant.id), *expected)


async def test_a_rebuild_rolls_up_what_no_task_has(connect: Connect, truth: LedgerTruth, tenant: Tenant) -> None:
    system = connect("system")
    [settled] = system.execute("SELECT audit_oldest_open()").fetchone() or ()
    await truth.balances(tenant.id)
    [through] = system.execute("SELECT through FROM audit_rolled_up").fetchone() or ()
    assert through >= settled


async def test_how_requests_ended_is_told_one_by_one(
    writer: Writer, truth: LedgerTruth, tenant: Tenant, other_tenant: Tenant
) -> None:
    budget_id = str(new_id())
    held = hold(tenant, budgets={budget_id: "2026-11"})
    settled, still_open, foreign, never = (
        requested(tenant, held=held),
        requested(tenant),
        requested(other_tenant),
        new_id(),
    )
    for row in (settled, still_open, foreign):
        await writer.requested(row)
    await writer.outcome(outcome_of(settled, cost_nano_usd=42))
    found = await truth.outcomes(tenant.id, [settled.id, still_open.id, foreign.id, never])
    assert found.keys() == {settled.id, still_open.id}
    assert found[settled.id] == Ended(20, 10, 42, charged=frozenset({UUID(budget_id)}))
    assert found[still_open.id].is_open
