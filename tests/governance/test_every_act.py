"""Every act the ledger knows: one record of it, in the transaction of the change, by whoever acted; or neither."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from governance.actions import ACTIONS as GOVERNANCE
from kit.scoping import within
from tenants.actions import ACTIONS as TENANTS
from tests.support.acts import PREPARED, Act, acts_of, perform
from tests.support.world import World

CASES = [pytest.param(action, prepare, id=action) for action, prepare in PREPARED.items()]
# What its commands and its timetable do; the founding is the first record of every organisation.
FOUNDING = "tenants.organization.founded"
BY_COMMAND = {
    FOUNDING,
    "governance.everything.suspended",
    "governance.everything.resumed",
    "governance.model.drifted",
    "governance.approval.escalated",
    "governance.approval.voided",
}
# Made of other acts, or following from one: each of those leaves its own before it.
OF_PARTS = {"governance.team.onboarded", "governance.approval.brought_forward"}

Prepare = Callable[[World], Act]


def test_every_act_is_done_here() -> None:
    assert {*TENANTS, *GOVERNANCE} - BY_COMMAND == set(PREPARED)


def test_an_organisation_begins_with_its_founding(world: World) -> None:
    assert [act.action for act in acts_of(world)][:1] == [FOUNDING]


@pytest.mark.parametrize(("action", "prepare"), CASES)
def test_an_act_leaves_one_record(world: World, action: str, prepare: Prepare) -> None:
    act = prepare(world)
    before = acts_of(world)
    with within(act.actor.scope):
        act.do(act.actor)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text")
            (transaction_id,) = cursor.fetchone()
    *parts, record = acts_of(world)[len(before) :]
    assert bool(parts) == (action in OF_PARTS)
    assert (record.action, record.actor_kind, record.actor_id) == (action, act.actor.kind, act.actor.id)
    assert {str(each.xid) for each in (*parts, record)} == {transaction_id}


@pytest.mark.parametrize(("action", "prepare"), CASES)
def test_an_act_undone_leaves_none(world: World, action: str, prepare: Prepare) -> None:
    act = prepare(world)
    before = acts_of(world)
    with within(act.actor.scope), transaction.atomic():
        act.do(act.actor)
        transaction.set_rollback(True)
    assert acts_of(world) == before
    perform(act)
    assert (len(acts_of(world)) == len(before) + 1) == (action not in OF_PARTS)
