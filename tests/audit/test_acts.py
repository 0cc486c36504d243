"""Acts of governance as services record them, through Django."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connections, transaction
from django.db.transaction import TransactionManagementError

from audit import selectors
from audit.ledger.append import append_act
from audit.ledger.envelope import FreeText
from audit.models import Record
from kit import clock
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import Scope, within
from tests.audit.conftest import records_of
from tests.audit.rows import Tenant


@pytest.fixture
def user(tenant: Tenant) -> Actor:
    return Actor("user", new_id(), tenant.id)


def test_an_act_is_recorded_with_the_change(tenant: Tenant, user: Actor) -> None:
    thing = new_id()
    with within(user.scope):
        identifier = append_act(
            actor=user,
            action="governance.approval.approved",
            object_kind="approval",
            object_id=thing,
            details={"regions": ["eu", "us"], "limit_nano_usd": str(2**60), "model": "small/1.0"},
        )
    [record] = records_of(tenant)
    assert (record.id, record.action, record.object_id) == (identifier, "governance.approval.approved", thing)
    said = json.loads(record.envelope)
    assert said["actor"] == {"id": str(user.id), "kind": "user"}
    assert said["details"] == {"limit_nano_usd": str(2**60), "model": "small/1.0", "regions": ["eu", "us"]}


def test_an_act_goes_with_the_change_that_is_rolled_back(tenant: Tenant, user: Actor) -> None:
    with within(user.scope):
        append_act(actor=user, action="tenants.team.created", details={})
        transaction.set_rollback(True)
        # `within` announces the outer scope on leaving, which a broken transaction would refuse.
        transaction.set_rollback(False)
        with transaction.atomic():
            append_act(actor=user, action="tenants.team.renamed", details={})
            transaction.set_rollback(True)
    assert [record.action for record in records_of(tenant)] == ["tenants.team.created"]


def test_an_act_needs_a_transaction(user: Actor) -> None:
    with pytest.raises(TransactionManagementError):
        append_act(actor=user, action="tenants.team.created", details={})


def test_free_text_fails_the_act(tenant: Tenant, user: Actor) -> None:
    with within(user.scope), pytest.raises(FreeText):
        append_act(actor=user, action="tenants.team.created", details={"reason": "Alice asked me to"})
    assert records_of(tenant) == []


def test_nobody_acts_under_another_name(user: Actor, tenant: Tenant) -> None:
    impostor = Actor("user", new_id(), tenant.id)
    with pytest.raises(ProgrammingError, match="entered user"), within(user.scope):
        append_act(actor=impostor, action="tenants.team.created", details={})


def test_commands_act_as_the_system(tenant: Tenant) -> None:
    system = Actor("system", tenant.id, tenant.id)
    with within(system.scope):
        append_act(actor=system, action="tenants.organization.founded", details={"slug": "acme"})
    with transaction.atomic(using="system"):
        append_act(actor=system, action="tenants.team.created", details={}, using="system")
    assert [record.actor_kind for record in records_of(tenant)] == ["system", "system"]


def test_the_time_of_an_act_is_the_databases(tenant: Tenant, user: Actor) -> None:
    with clock.shifted(timedelta(days=90)), within(user.scope):
        append_act(actor=user, action="tenants.team.created", details={})
    [record] = records_of(tenant)
    assert abs(record.at - clock.now()) < timedelta(minutes=1)


def test_a_teams_act_is_not_shown_to_its_sisters(tenant: Tenant, user: Actor) -> None:
    with within(user.scope):
        append_act(actor=user, action="tenants.budget.added", details={}, team_id=tenant.team_id)
        append_act(actor=user, action="tenants.organization.changed", details={})
    with within(Scope(tenant.id, frozenset([tenant.team_id]))):
        assert len(selectors.acts()) == 2
    with within(Scope(tenant.id, frozenset([new_id()]))):
        assert [act.action for act in selectors.acts()] == ["tenants.organization.changed"]


def test_the_timeline_of_an_object_is_newest_first(tenant: Tenant, user: Actor) -> None:
    thing, other = new_id(), new_id()
    with within(user.scope):
        for action, which in (("a.first", thing), ("a.other", other), ("a.second", thing)):
            append_act(actor=user, action=action, object_kind="model", object_id=which, details={})
        assert [act.action for act in selectors.timeline(thing)] == ["a.second", "a.first"]
        assert list(selectors.timeline(thing, "approval")) == []


def test_the_orm_does_not_write_records(tenant: Tenant) -> None:
    with within(Scope(tenant.id)), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Record.objects.create(
            organization_id=tenant.id, actor_id=tenant.id, kind="act", action="a.b", at=clock.now(), xid=1, envelope=b""
        )
    connections["default"].close()
