"""What each role may append, and what it may not claim."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from audit.ledger.append import RowRefused, Writer
from audit.ledger.rows import Columns, Row, encoded
from kit import clock
from kit.ids import first_id_at, later_id, new_id, time_of
from tests.audit.conftest import Connect, enter, records_of
from tests.audit.rows import Tenant, outcome_of, refusal, requested

OF_THE_GATEWAY = {
    *("audit_append", "audit_correct", "audit_beat", "audit_obtain_data_key", "audit_obtain_subject"),
    *("audit_begin_epoch", "audit_balances", "audit_outcomes", "audit_roll_up", "audit_integrity"),
    *("audit_history_integrity", "audit_usage_sums"),
}
OF_THE_PORTAL = {
    "audit_append_act",
    "audit_spent_through",
    "audit_first_id",
    "audit_integrity",
    "audit_history_integrity",
    "audit_rerate",
}
FOR_A_PERSON = {"audit_capture_refusal"}
OF_THE_SYSTEM = (
    OF_THE_GATEWAY
    | OF_THE_PORTAL
    | {
        "audit_oldest_open",
        "audit_roll_up_usage",
        "audit_rebuild_usage",
        "audit_erase_usage",
        "audit_make_partitions",
        "audit_analyze",
        "audit_erase_history",
        "audit_close_statement",
    }
)


@pytest.mark.parametrize(
    ("role", "functions"),
    [("gateway", OF_THE_GATEWAY), ("app", OF_THE_PORTAL | FOR_A_PERSON), ("system", OF_THE_SYSTEM)],
)
def test_each_role_calls_only_its_own_functions(connect: Connect, role: str, functions: set[str]) -> None:
    found = connect(role).execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'audit%' "
        "AND has_function_privilege(oid, 'EXECUTE')"
    )
    assert {name for (name,) in found} == functions


async def test_the_database_sets_time_and_transaction(writer: Writer, tenant: Tenant) -> None:
    row = requested(tenant)
    await writer.requested(row)
    [record] = records_of(tenant)
    assert abs(record.at - clock.now()) < timedelta(seconds=30)
    assert int(record.xid) > 0
    assert (record.id, record.request_id, record.writer, record.action) == (
        row.id,
        row.id,
        writer.id,
        "inference.requested",
    )


@pytest.mark.parametrize("shift", [timedelta(minutes=-6), timedelta(minutes=6), timedelta(days=-400)])
async def test_an_id_of_another_time_is_refused(writer: Writer, tenant: Tenant, shift: timedelta) -> None:
    row = requested(tenant, request_id=first_id_at(clock.now() + shift))
    with pytest.raises(RowRefused) as refused:
        await writer.requested(row)
    assert refused.value.reason == "skewed"
    assert records_of(tenant) == []


async def test_an_outcome_may_have_waited_for_longer(writer: Writer, tenant: Tenant) -> None:
    """PostgreSQL was away for so long that the outcome's id is older than a new record's may be."""
    row = requested(tenant, request_id=new_id(clock.now() - timedelta(minutes=4, seconds=59)))
    await writer.requested(row)
    late = outcome_of(row, record_id=later_id(row.id, 0.001))
    await asyncio.sleep(2)
    assert await writer.outcome(late) == "written"


async def test_an_outcome_of_no_request_may_not(writer: Writer, tenant: Tenant) -> None:
    row = requested(tenant, request_id=new_id(clock.now() - timedelta(minutes=6)))
    with pytest.raises(RowRefused) as refused:
        await writer.outcome(outcome_of(row, record_id=later_id(row.id, 0.001)))
    assert refused.value.reason == "skewed"
    assert records_of(tenant) == []


def appended(connection: psycopg.Connection, row: Row, **forged: Any) -> list[tuple[UUID, str]]:
    columns = Columns.of([encoded(row)])
    records = json.dumps([{**json.loads(columns.records)[0], **forged}])
    return connection.execute(
        "SELECT * FROM audit_append(%s, %s, %s::bytea[], %s, %s, %s::bytea[])",
        [new_id(), records, columns.envelopes, columns.settlements.decode(), "[]", []],
    ).fetchall()


@pytest.mark.parametrize(
    "forged", [{"kind": "act"}, {"kind": "outcome_unknown"}, {"kind": "anything"}, {"actor_kind": "user"}]
)
def test_the_gateway_says_nothing_but_inference(connect: Connect, tenant: Tenant, forged: dict[str, str]) -> None:
    row = refusal(tenant)
    assert appended(connect("gateway"), row, **forged) == [(row.id, "forged")]
    assert records_of(tenant) == []


def test_a_time_that_is_sent_along_is_not_taken(connect: Connect, tenant: Tenant) -> None:
    row = refusal(tenant)
    assert appended(connect("gateway"), row, at="2001-01-01", xid="1", action="governance.approval.approved") == []
    [record] = records_of(tenant)
    assert record.at.year > 2001
    assert record.action == "inference.refused"


ACT = "SELECT audit_append_act(%s, NULL, %s, %s, %s, 'thing', %s, '{}')"


def act(
    connection: psycopg.Connection, tenant: Tenant, user: UUID, kind: str = "user", action: str = "tenants.team.created"
) -> UUID:
    row = connection.execute(ACT, [tenant.id, action, kind, user, new_id()]).fetchone()
    assert row
    return UUID(str(row[0]))


def test_the_portal_acts_as_the_entered_user(connect: Connect, tenant: Tenant) -> None:
    app, user = connect("app"), new_id()
    with app.transaction():
        enter(app, tenant, user=user)
        identifier = act(app, tenant, user)
    [record] = records_of(tenant)
    assert (record.id, record.kind, record.actor_id, record.request_id) == (identifier, "act", user, None)
    assert abs(time_of(identifier) - record.at) < timedelta(seconds=1)


def test_the_portal_does_not_act_for_another_organisation(
    connect: Connect, tenant: Tenant, other_tenant: Tenant
) -> None:
    app, user = connect("app"), new_id()
    with app.transaction():
        enter(app, tenant, user=user)
        with pytest.raises(errors.InsufficientPrivilege, match="entered organisation"):
            act(app, other_tenant, user)


def test_the_portal_does_not_act_without_an_organisation(connect: Connect, tenant: Tenant) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="entered organisation"):
        act(connect("app"), tenant, new_id())


@pytest.mark.parametrize("kind", ["user", "api_key", "system"])
def test_the_portal_does_not_act_as_anybody_else(connect: Connect, tenant: Tenant, kind: str) -> None:
    app = connect("app")
    with app.transaction():
        enter(app, tenant, user=new_id())
        with pytest.raises(errors.InsufficientPrivilege, match="entered user"):
            act(app, tenant, new_id(), kind)


@pytest.mark.parametrize("action", ["inference.completed", "Approved", "approved", "a.b; DROP TABLE x"])
def test_an_act_is_not_called_something_else(connect: Connect, tenant: Tenant, action: str) -> None:
    app, user = connect("app"), new_id()
    with app.transaction():
        enter(app, tenant, user=user)
        with pytest.raises(errors.CheckViolation):
            act(app, tenant, user, action=action)
