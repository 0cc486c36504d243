"""A model that is exchanged behind its name is noticed, and recertified."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction

from governance import coverage, selectors, versions
from governance.models import Approval, Deployment, Model, Notice, NoticeKind, ReportedIdentity
from governance.services import drift, recertification
from governance.snapshot import changes, section
from governance.snapshot.section import DeploymentEntry
from governance.tasks import look_for_drift
from kit import errors
from kit.scoping import within
from tests.support import acts
from tests.support.identities import says
from tests.support.world import World

A_WEEK = timedelta(days=7)


def deployed(world: World, slug: str = "helper") -> Deployment:
    return world.deploy(world.model(slug), world.provider())


def approval_of(world: World, model: Model) -> Approval:
    with within(world.admin.scope):
        return Approval.objects.get(model=model, ended_at__isnull=True)


def drifts(world: World) -> list[str]:
    noticed = {"governance.model.drifted", "governance.approval.voided"}
    return [act.action for act in acts.acts_of(world) if act.action in noticed]


def entries(deployment: Deployment) -> list[DeploymentEntry]:
    """As workers hold it."""
    return list(section.deployments([deployment.id]))


def test_another_fingerprint_is_drift_and_is_recertified_within_a_month(world: World) -> None:
    deployment = deployed(world)
    approval = approval_of(world, deployment.model)
    says(deployment, "fp_1", world.now)
    says(deployment, "fp_2", world.now + A_WEEK)

    look_for_drift()

    shortened = approval_of(world, deployment.model)
    assert drifts(world) == ["governance.model.drifted"]
    assert shortened.id == approval.id
    assert world.now < shortened.recertify_by <= world.now + recertification.SOON + A_WEEK < approval.recertify_by
    with within(world.officer.scope):
        assert [notice.kind for notice in Notice.objects.filter(person_id=world.officer.id)][:1] == [NoticeKind.DRIFTED]
        assert [said.fingerprint for said in drift.drifted(shortened)] == ["fp_2"]


def test_another_model_behind_the_name_voids_the_approval_there(world: World) -> None:
    deployment = deployed(world)
    approval = approval_of(world, deployment.model)
    says(deployment, "fp_1", world.now)
    says(deployment, "fp_2", world.now + A_WEEK, model="helper-2027")
    assert entries(deployment)[0].voided_at == world.now + A_WEEK

    look_for_drift()

    assert drifts(world) == ["governance.approval.voided"]
    assert approval_of(world, deployment.model).recertify_by == approval.recertify_by
    with within(world.officer.scope):
        assert Notice.objects.filter(person_id=world.officer.id).first().kind == NoticeKind.VOIDED  # type: ignore[union-attr]


def test_where_providers_name_aliases_another_name_is_drift_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "VERSION_DRIFT", "recertify")
    deployment = deployed(world)
    says(deployment, "", world.now)
    says(deployment, "", world.now + A_WEEK, model="helper-2027")
    look_for_drift()
    assert drifts(world) == ["governance.model.drifted"]
    assert entries(deployment)[0].voided_at is None
    with within(world.officer.scope):
        assert coverage.lack(deployment) == ""


def test_other_deployments_of_the_model_stay_covered(world: World) -> None:
    deployment = deployed(world)
    other = world.deploy(deployment.model, world.provider())
    for at, model in [(world.now, "helper-2026"), (world.now + A_WEEK, "helper-2027")]:
        says(deployment, "", at, model)
    says(other, "", world.now + A_WEEK, "helper-2026")
    with within(world.officer.scope):
        assert coverage.lack(deployment) == "it names another model than was approved"
        assert coverage.lack(other) == ""
        assert list(selectors.changed_since_approval()) == [deployment, other]
    assert entries(other)[0].voided_at is None


def test_an_approval_that_is_granted_later_is_of_the_other_version(world: World) -> None:
    deployment = deployed(world)
    for at, model in [(world.now - 2 * A_WEEK, "helper-2026"), (world.now - A_WEEK, "helper-2027")]:
        says(deployment, "", at, model)
    look_for_drift()
    assert drifts(world) == []
    with within(world.officer.scope):
        assert coverage.lack(deployment) == ""


@pytest.mark.parametrize(
    ("named", "exchanged"),
    [
        ([], []),
        (["a", "a", "a"], []),
        (["", "a", "", "a"], []),
        (["a", "b", "a", "b"], [1]),
        (["a", "", "b", "c", "a"], [2, 3]),
    ],
)
def test_a_name_that_was_not_said_before_is_an_exchange(named: list[str], exchanged: list[int]) -> None:
    said = [ReportedIdentity(model=model, fingerprint=str(number)) for number, model in enumerate(named)]
    assert versions.exchanges(said) == [said[number] for number in exchanged]


def test_workers_hear_of_a_name_at_once_and_of_a_fingerprint_not(world: World) -> None:
    deployment = deployed(world)
    last = changes.load_all()
    says(deployment, "fp_1", world.now, model="")
    assert changes.pull(last).entries == {}
    says(deployment, "fp_1", world.now)
    assert list(changes.pull(last).entries) == ["deployment"]


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
