"""What the database holds to whatever the application does: who stops what, and that a story is not rewritten."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from governance.models import Notice, Suspension
from governance.services import everything, suspensions
from kit import clock, errors
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tenants.models import Role
from tests.support.world import World


def written(world: World, actor: Actor, **changed: Any) -> Suspension:
    row = {
        "organization_id": world.organization.id,
        "subject_kind": "key",
        "subject_id": world.key.id,
        "reason": "It leaks.",
        "act_id": new_id(),
        "begun_by_id": actor.id,
        "begun_at": clock.now(),
    }
    with within(actor.scope), transaction.atomic():
        return Suspension.objects.create(**{**row, **changed})


def test_an_organisation_cannot_stop_the_installation(world: World) -> None:
    with pytest.raises(DatabaseError, match="row-level security"):
        written(world, world.officer, subject_kind="everything", subject_id=world.organization.id)


def test_nor_start_it_again(world: World) -> None:
    row = Suspension.across_tenants.using("system").create(
        organization=world.organization,
        subject_kind="everything",
        subject_id=world.organization.id,
        reason="A breach.",
        act_id=new_id(),
        begun_at=clock.now(),
    )
    officer = world.officer
    try:
        with within(officer.scope):
            with pytest.raises(errors.Forbidden, match="operator"):
                suspensions.end(actor=officer, suspension=row, reason="No.", now=clock.now())
            assert Suspension.objects.filter(id=row.id).update(ended_at=clock.now(), end_reason="No.") == 0
    finally:
        everything.resume(reason="Tests are over.", now=clock.now())


def test_whoever_governs_hears_that_the_operator_stops_everything_and_that_it_goes_on(world: World) -> None:
    officer, lead = world.officer, world.person("bob", Role.TEAM_LEAD, world.team)
    try:
        assert everything.suspend(reason="A breach.", now=clock.now()) >= 1
    finally:
        everything.resume(reason="Mended.", now=clock.now())

    for person, told in ((officer, ["resumed", "suspended"]), (lead, [])):
        with within(person.scope):
            assert sorted(Notice.objects.values_list("kind", flat=True)) == told


def test_nobody_suspends_in_anothers_name(world: World) -> None:
    with pytest.raises(DatabaseError, match="row-level security"):
        written(world, world.officer, begun_by_id=world.admin.id)


def test_a_subject_is_suspended_once_and_with_a_reason(world: World) -> None:
    with pytest.raises(IntegrityError, match="suspension_has_a_reason"):
        written(world, world.officer, reason="")
    written(world, world.officer)
    with pytest.raises(IntegrityError, match="one_suspension_in_force_per_subject"):
        written(world, world.officer)


def test_what_has_ended_is_not_rewritten(world: World) -> None:
    officer = world.officer
    with within(officer.scope):
        suspensions.suspend(actor=officer, subject=world.key, reason="It leaks.", now=clock.now())
        suspensions.resume(actor=officer, subject=world.key, reason="Mended.", now=clock.now())
    rows = Suspension.across_tenants.filter(subject_id=world.key.id)
    with within(officer.scope), pytest.raises(DatabaseError, match="does not change"), transaction.atomic():
        rows.update(end_reason="Never was.")
    with within(officer.scope), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        rows.update(reason="Something else.")


def test_a_permission_that_has_ended_is_not_suspended(world: World) -> None:
    officer, model = world.officer, world.model("helper", approved=False)
    ended, _ = world.approve(model), world.approve(model)
    with within(officer.scope), pytest.raises(errors.Conflict, match="has ended"):
        suspensions.suspend(actor=officer, subject=ended, reason="It leaks.", now=clock.now())


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_no_act_goes_without_a_reason(world: World, reason: str) -> None:
    officer = world.officer
    with within(officer.scope), pytest.raises(errors.InvalidRequest, match="Say why"):
        suspensions.suspend(actor=officer, subject=world.team, reason=reason, now=clock.now())
