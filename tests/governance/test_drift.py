"""A model that is exchanged behind its name is noticed, and recertified."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from governance.models import Approval, Deployment, Model, Notice, NoticeKind, ReportedIdentity
from governance.services import drift
from governance.tasks import look_for_drift
from kit import errors
from kit.ids import new_id
from kit.scoping import within
from tests.support import acts
from tests.support.world import World

A_WEEK = timedelta(days=7)


def deployed(world: World, slug: str = "helper") -> Deployment:
    return world.deploy(world.model(slug), world.provider())


def says(deployment: Deployment, fingerprint: str, at: datetime, model: str = "helper-2026") -> ReportedIdentity:
    """As the gateway writes it down, and with its rights."""
    said = ReportedIdentity(
        id=new_id(),
        organization_id=deployment.organization_id,
        deployment=deployment,
        model=model,
        fingerprint=fingerprint,
        first_heard_at=at,
    )
    ReportedIdentity.across_tenants.using("gateway").bulk_create([said])
    return said


def approval_of(world: World, model: Model) -> Approval:
    with within(world.admin.scope):
        return Approval.objects.get(model=model, ended_at__isnull=True)


def drifts(world: World) -> list[str]:
    return [act.action for act in acts.acts_of(world) if act.action == "governance.model.drifted"]


def test_another_fingerprint_is_drift_and_is_recertified_within_a_month(world: World) -> None:
    deployment = deployed(world)
    approval = approval_of(world, deployment.model)
    says(deployment, "fp_1", world.now)
    says(deployment, "fp_2", world.now + A_WEEK)

    look_for_drift()

    shortened = approval_of(world, deployment.model)
    assert drifts(world) == ["governance.model.drifted"]
    assert shortened.id == approval.id
    assert world.now < shortened.recertify_by <= world.now + drift.TO_RECERTIFY + A_WEEK < approval.recertify_by
    with within(world.officer.scope):
        assert [notice.kind for notice in Notice.objects.filter(person_id=world.officer.id)][:1] == [NoticeKind.DRIFTED]
        assert [said.fingerprint for said in drift.drifted(shortened)] == ["fp_2"]


def test_another_model_behind_the_name_is_drift(world: World) -> None:
    deployment = deployed(world)
    says(deployment, "", world.now)
    says(deployment, "", world.now + A_WEEK, model="helper-2027")
    look_for_drift()
    assert len(drifts(world)) == 1


def test_what_a_deployment_says_first_was_approved(world: World) -> None:
    deployment = deployed(world)
    says(deployment, "fp_1", world.now + A_WEEK)
    says(world.deploy(deployment.model, world.provider()), "fp_other", world.now + 2 * A_WEEK)
    look_for_drift()
    assert drifts(world) == []


def test_recertifying_approves_what_was_said_before(world: World) -> None:
    deployment = deployed(world)
    says(deployment, "fp_1", world.now - 2 * A_WEEK)
    says(deployment, "fp_2", world.now - A_WEEK)
    look_for_drift()
    assert drifts(world) == []


def test_it_is_noticed_once(world: World) -> None:
    deployment = deployed(world)
    says(deployment, "fp_1", world.now)
    says(deployment, "fp_2", world.now + A_WEEK)
    look_for_drift()
    look_for_drift()
    assert len(drifts(world)) == 1


def test_a_date_that_is_nearer_stays(world: World) -> None:
    model = world.model("helper", approved=False)
    deployment = world.deploy(model, world.provider())
    world.approve(model, expires_at=world.now + timedelta(days=10))
    says(deployment, "fp_1", world.now)
    says(deployment, "fp_2", world.now + A_WEEK)
    look_for_drift()
    assert approval_of(world, model).recertify_by == world.now + timedelta(days=10)


def test_a_model_without_an_approval_drifts_from_nothing(world: World) -> None:
    deployment = world.deploy(world.model("helper", approved=False), world.provider())
    says(deployment, "fp_1", world.now)
    says(deployment, "fp_2", world.now + A_WEEK)
    look_for_drift()
    assert drifts(world) == []


def test_nobody_says_for_a_deployment_what_it_did_not(world: World) -> None:
    deployment = deployed(world)
    said = says(deployment, "fp_1", world.now)
    with within(world.admin.scope):
        mine = ReportedIdentity.objects.filter(id=said.id)
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.update(fingerprint="fp_0")
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.delete()
        with pytest.raises(DatabaseError), transaction.atomic():
            ReportedIdentity.objects.create(
                organization_id=world.organization.id, deployment=deployment, model="m", first_heard_at=world.now
            )


def test_no_person_looks_in_place_of_the_system(world: World) -> None:
    said = says(deployed(world), "fp_1", world.now)
    with within(world.officer.scope), pytest.raises(errors.Forbidden):
        drift.look(actor=world.officer, identity=said, now=world.now)


def test_an_approval_is_recertified_sooner_and_never_later(world: World) -> None:
    approval = approval_of(world, deployed(world).model)
    with within(world.admin.scope):
        mine = Approval.objects.filter(id=approval.id)
        mine.update(recertify_by=approval.recertify_by - A_WEEK)
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.update(recertify_by=approval.recertify_by)
