"""A person is forgotten in the history; what was done, when and to what stays, and so does the ledger."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, transaction

from audit.history import erasure
from audit.models import Change, Record
from governance.services import approvals
from kit.data_class import DataClass
from kit.scoping import announce_origin, within
from tenants.models import Budget, Membership, Role
from tests.support.history import changes_of, last_change
from tests.support.world import World


def _everything(world: World) -> list[Change]:
    return list(Change.across_tenants.using("system").filter(organization_id=world.organization.id))


def test_words_and_addresses_go_and_the_change_stays(world: World) -> None:
    asker, model = world.person("dora", Role.COMPLIANCE_OFFICER), world.model("helper", approved=False)
    terms = approvals.Terms(max_data_class=DataClass.INTERNAL)
    with transaction.atomic():
        announce_origin("192.0.2.7", None)
        with within(asker.scope):
            asked = approvals.submit(
                actor=asker, model=model, justification="Dora's own words", terms=terms, now=world.now
            )
    records = list(Record.across_tenants.using("system").filter(organization_id=world.organization.id).values())

    assert erasure.erase(organization_id=world.organization.id, subject_id=asker.id) > 0

    change = last_change(asked.id)
    assert (change.before, change.after, change.address) == (None, None, None)
    assert (change.operation, change.actor_id, change.object_kind) == ("insert", asker.id, "approval_request")
    assert change.erased_at is not None
    assert records == list(Record.across_tenants.using("system").filter(organization_id=world.organization.id).values())


def test_what_the_person_changed_of_other_things_keeps_its_values(world: World) -> None:
    admin = world.admin
    with transaction.atomic():
        announce_origin("192.0.2.7", None)
        with within(admin.scope):
            budget = Budget.objects.create(organization=world.organization, name="Letters", limit_nano_usd=1)

    erasure.erase(organization_id=world.organization.id, subject_id=admin.id)

    [change] = changes_of(budget.id)
    assert change.address is None
    assert change.after
    assert change.after["name"] == "Letters"


def test_the_roles_a_person_had_are_forgotten(world: World) -> None:
    lead = world.person("lea", Role.TEAM_LEAD, world.team)
    with within(world.system.scope):
        membership = Membership.objects.get(user_id=lead.id)
        Membership.objects.filter(user_id=lead.id).update(role=Role.DEVELOPER)

    erasure.erase(organization_id=world.organization.id, subject_id=lead.id)

    assert [(change.before, change.after) for change in changes_of(membership.id)] == [(None, None)] * 2
    assert not [change for change in _everything(world) if str(lead.id) in f"{change.before}{change.after}"]


def test_nobody_else_is_forgotten(world: World, other_world: World) -> None:
    lead = world.person("lea", Role.TEAM_LEAD, world.team)
    before = [change.after for change in _everything(other_world)]
    untouched = [change for change in _everything(world) if change.parent_id != lead.id]

    assert erasure.erase(organization_id=world.organization.id, subject_id=lead.id) == 1
    assert erasure.erase(organization_id=world.organization.id, subject_id=lead.id) == 0

    assert [change.after for change in _everything(other_world)] == before
    assert [change.after for change in untouched] == [
        change.after for change in _everything(world) if change.parent_id != lead.id
    ]


def test_the_portals_role_forgets_nobody(world: World) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), within(world.admin.scope):
        erasure.erase(organization_id=world.organization.id, subject_id=world.admin.id, using="default")
