"""Two people for an approval, whatever the application does: as the portal's role, past the services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from governance.models import (
    Approval,
    ApprovalRequest,
    Decision,
    Deployment,
    Model,
    RequestStage,
    RequestStatus,
    RiskTier,
)
from kit import clock
from kit.data_class import DataClass
from kit.scoping import Scope, within
from tenants.models import Role
from tests.support.acts import ask, granted, new_model
from tests.support.world import World


def act_as(world: World, user_id: Any) -> Scope:
    return Scope(world.organization.id, None, user_id)


def execute(statement: str, *values: Any) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def stage_of(request: ApprovalRequest) -> Any:
    return RequestStage.across_tenants.get(request_id=request.id, revision=request.revision, position=1).id


def sign(request: ApprovalRequest, by: Any, **changed: Any) -> Decision:
    """As a reviewer does it: the review begins, then the decision is put in."""
    columns = {
        "organization_id": request.organization_id,
        "request_id": request.id,
        "stage_id": changed.get("stage_id") or stage_of(request),
        "revision": request.revision,
        "decided_for_id": by,
        "requested_by_id": request.requested_by_id,
        "decided_by_id": by,
        "verdict": "approve",
        "reason": "x",
        "waiver": "x",
        "signed_hash": request.content_hash,
        "decided_at": clock.now(),
        **changed,
    }
    with transaction.atomic():
        execute("UPDATE governance_approvalrequest SET status = 'in_review' WHERE status = 'submitted'")
        return Decision.across_tenants.create(**columns)


def grant(request: ApprovalRequest, **changed: Any) -> Approval:
    columns = {
        "organization_id": request.organization_id,
        "request_id": request.id,
        "model_id": request.model_id,
        "teams": request.teams,
        "regions": request.regions,
        "max_data_class": request.max_data_class,
        "expires_at": request.expires_at,
        **changed,
    }
    with transaction.atomic():
        return Approval.across_tenants.create(**columns)


def mark(request: ApprovalRequest, status: str) -> int:
    return execute("UPDATE governance_approvalrequest SET status = %s WHERE id = %s", status, request.id)


@pytest.fixture
def request_(world: World) -> ApprovalRequest:
    return ask(world, regions=["eu"])


@pytest.fixture
def officer(world: World) -> Any:
    return world.officer.id


def test_the_legal_way_is_open(world: World, request_: ApprovalRequest, officer: Any) -> None:
    """Or the refusals below would prove nothing."""
    with within(act_as(world, officer)):
        sign(request_, officer)
        mark(request_, "approved")
        approval = grant(request_)
        approval.refresh_from_db()  # the day by which it is recertified is the database's to give
        assert approval.is_live(clock.now())


def test_what_binds_others_is_not_ended_by_somebody_of_one_team(world: World) -> None:
    of_team = world.person("tom", Role.COMPLIANCE_OFFICER, world.team)
    request = ask(world, model=world.model("assistant"), teams=[world.team.id])
    with within(act_as(world, of_team.id)), pytest.raises(IntegrityError, match="for all whom it binds"):
        sign(request, of_team.id)
    with within(act_as(world, world.officer.id)):
        assert sign(request, world.officer.id)


def test_the_requester_does_not_decide(world: World, request_: ApprovalRequest) -> None:
    with within(act_as(world, world.admin.id)), pytest.raises(IntegrityError, match=r"is_not_(for_)?requester"):
        sign(request_, world.admin.id)


def test_the_requester_is_not_talked_away(world: World, request_: ApprovalRequest, officer: Any) -> None:
    with within(act_as(world, world.admin.id)), pytest.raises(IntegrityError, match="decision_names_the_requester"):
        sign(request_, world.admin.id, requested_by_id=officer)
    with within(act_as(world, world.admin.id)), pytest.raises(ProgrammingError, match="permission denied"):
        execute("UPDATE governance_approvalrequest SET requested_by_id = %s", officer)


def test_a_decision_is_not_for_the_requester(world: World, request_: ApprovalRequest, officer: Any) -> None:
    with within(act_as(world, officer)), pytest.raises(IntegrityError, match="decision_is_not_for_requester"):
        sign(request_, officer, decided_for_id=world.admin.id)


def test_nobody_signs_for_somebody_else(world: World, request_: ApprovalRequest, officer: Any) -> None:
    with within(act_as(world, world.admin.id)):
        with pytest.raises(ProgrammingError, match="row-level security"):
            sign(request_, officer)
    with within(world.system.scope), pytest.raises(ProgrammingError, match="row-level security"):
        sign(request_, officer)


def test_nobody_asks_in_somebody_elses_name(world: World, request_: ApprovalRequest, officer: Any) -> None:
    model = new_model(world)
    with within(act_as(world, world.admin.id)), pytest.raises(ProgrammingError, match="row-level security"):
        ApprovalRequest.across_tenants.create(
            organization_id=world.organization.id,
            model=model,
            justification="x",
            requested_by_id=officer,
            requested_at=clock.now(),
            content_hash=request_.content_hash,
        )


def test_nothing_is_granted_without_a_decision(world: World, request_: ApprovalRequest, officer: Any) -> None:
    with within(act_as(world, officer)):
        with pytest.raises(IntegrityError, match="no decision grants"):
            grant(request_)
        mark(request_, "in_review")
        for status in ("approved", "rejected", "changes_requested"):
            with pytest.raises(IntegrityError, match="no decision makes"):
                mark(request_, status)


def test_nothing_is_granted_on_a_request_that_was_not_approved(
    world: World, request_: ApprovalRequest, officer: Any
) -> None:
    with within(act_as(world, officer)):
        sign(request_, officer)
        with pytest.raises(IntegrityError, match="no decision grants"):
            grant(request_)
        mark(request_, "withdrawn")
        with pytest.raises(IntegrityError, match="no decision grants"):
            grant(request_)


def test_a_verdict_against_it_grants_nothing(world: World, request_: ApprovalRequest, officer: Any) -> None:
    another = world.person("otto", Role.COMPLIANCE_OFFICER)
    with within(act_as(world, officer)):
        sign(request_, officer, verdict="reject")
        with pytest.raises(IntegrityError, match="no decision makes"):
            mark(request_, "approved")
    with within(act_as(world, another.id)), pytest.raises(IntegrityError, match="is not decided"):
        sign(request_, another.id)


@pytest.mark.parametrize("changed", [{"signed_hash": "0" * 64}, {"revision": 2}])
def test_a_decision_signs_what_is_asked_now(
    world: World, request_: ApprovalRequest, officer: Any, changed: dict[str, Any]
) -> None:
    with within(act_as(world, officer)), pytest.raises(IntegrityError, match="signs what is asked now"):
        sign(request_, officer, **changed)


def test_nobody_decides_without_a_role_of_the_stage(world: World, request_: ApprovalRequest) -> None:
    lead = world.person("lee", Role.COMPLIANCE_OFFICER, world.team)
    for person in (world.person("ann", Role.AUDITOR), lead):
        with within(act_as(world, person.id)), pytest.raises(IntegrityError, match="role that the stage asks for"):
            sign(request_, person.id)


def test_nobody_decides_for_others_unasked(world: World, request_: ApprovalRequest, officer: Any) -> None:
    another = world.person("otto", Role.COMPLIANCE_OFFICER)
    with within(act_as(world, another.id)), pytest.raises(IntegrityError, match="has not delegated"):
        sign(request_, another.id, decided_for_id=officer)


@pytest.mark.parametrize(
    "changed",
    [
        {"regions": []},
        {"regions": ["eu", "us"]},
        {"max_data_class": DataClass.RESTRICTED},
        {"expires_at": clock.now() + timedelta(days=9)},
    ],
)
def test_nothing_else_is_granted_than_was_asked(
    world: World, request_: ApprovalRequest, officer: Any, changed: dict[str, Any]
) -> None:
    another_model = {"model_id": new_model(world).id}
    with within(act_as(world, officer)):
        sign(request_, officer)
        mark(request_, "approved")
        for other in (changed, another_model):
            with pytest.raises(IntegrityError, match="no decision grants"):
                grant(request_, **other)


def test_a_request_that_was_decided_does_not_change(world: World, request_: ApprovalRequest, officer: Any) -> None:
    with within(act_as(world, officer)):
        sign(request_, officer, verdict="reject")
        mark(request_, "rejected")
        for status in RequestStatus.values:
            with pytest.raises(IntegrityError, match="does not change"):
                mark(request_, status)


@pytest.mark.parametrize(
    "change",
    [
        "governance_approvalrequest SET model_id = id",
        "governance_approvalrequest SET requested_at = now()",
        "governance_requeststage SET needed = 0",
        "governance_requestrevision SET regions = '{}'",
        "governance_reviewrule SET number = 9",
        "governance_questionnaire SET high_from = 9",
        "governance_tieroverride SET reason = 'x'",
        "governance_decision SET signed_hash = 'x'",
        "governance_approval SET regions = '{}'",
        "governance_approval SET max_data_class = 3",
        "governance_approval SET expires_at = now() + interval '1 year'",
        "governance_approval SET granted_at = now()",
        "governance_decision SET verdict = 'approve'",
        "governance_model SET version = '2'",
        "governance_model SET slug = 'other'",
        "governance_deployment SET region = 'us'",
        "governance_deployment SET upstream_model = 'other'",
        "governance_price SET input_nano_usd_per_million = 0",
        "governance_price SET effective_from = now()",
    ],
)
def test_what_was_decided_on_stays_as_it_was(world: World, change: str) -> None:
    world.serve("helper")
    ask(world)
    with within(world.officer.scope), pytest.raises(ProgrammingError, match="permission denied"):
        execute(f"UPDATE {change}")


@pytest.mark.parametrize("of_model", [{"slug": "other"}, {"version": "2"}])
def test_another_version_is_another_model_whoever_tries(world: World, of_model: dict[str, str]) -> None:
    model = world.serve("helper")
    with pytest.raises(IntegrityError, match="registered anew"), transaction.atomic(using="system"):
        Model.across_tenants.using("system").filter(id=model.id).update(**of_model)


@pytest.mark.parametrize("of_deployment", [{"upstream_model": "other"}, {"region": "us"}])
def test_another_place_is_another_deployment_whoever_tries(world: World, of_deployment: dict[str, str]) -> None:
    rows = Deployment.across_tenants.using("system").filter(model=world.serve("helper"))
    with pytest.raises(IntegrityError, match="registered anew"), transaction.atomic(using="system"):
        rows.update(**of_deployment)
    assert rows.update(position=3) == 1


@pytest.mark.parametrize(
    "change",
    [
        "regions = '{us}'",
        "max_data_class = 3",
        "expires_at = now() + interval '1 year'",
        "justification = 'other'",
        "content_hash = repeat('0', 64)",
        "revision = revision + 1",
        "regions = '{us}', revision = revision + 1",
        "risk_tier = 3, regions = '{us}', revision = revision + 1",
        "risk_tier = 3",
        "risk_tier = 0, revision = revision + 1",
    ],
)
def test_what_waits_for_a_decision_stays_as_it_was_asked(world: World, request_: ApprovalRequest, change: str) -> None:
    with within(world.officer.scope), pytest.raises(IntegrityError, match="does not change"):
        execute(f"UPDATE governance_approvalrequest SET {change}")  # noqa: S608


def test_the_stages_of_a_request_are_the_databases_own(world: World, request_: ApprovalRequest) -> None:
    with within(world.officer.scope), pytest.raises(ProgrammingError, match="permission denied"):
        RequestStage.across_tenants.create(
            organization_id=world.organization.id,
            request=request_,
            revision=1,
            position=2,
            roles=["read_only"],
            needed=1,
            due_at=clock.now(),
        )


@pytest.mark.parametrize(
    "table",
    [
        "approvalrequest",
        "requeststage",
        "requestrevision",
        "reviewrule",
        "questionnaire",
        "tieroverride",
        "delegation",
        "decision",
        "approval",
        "price",
        "model",
        "deployment",
    ],
)
def test_nothing_of_it_is_deleted(world: World, table: str) -> None:
    world.serve("helper")
    with within(world.officer.scope), pytest.raises(ProgrammingError, match="permission denied"):
        execute(f"DELETE FROM governance_{table}")  # noqa: S608


def test_an_approval_that_has_ended_does_not_come_back(world: World) -> None:
    model = new_model(world)
    wide = world.approve(model)
    world.approve(model, regions=["eu"])
    with within(world.officer.scope):
        for change in ("ended_at = NULL", "ended_at = now()", "suspended_at = NULL"):
            with pytest.raises(IntegrityError, match="has ended"):
                execute(f"UPDATE governance_approval SET {change} WHERE id = %s", wide.id)  # noqa: S608


def test_one_decision_does_not_grant_twice(world: World) -> None:
    approval = granted(world)
    with within(world.officer.scope), pytest.raises(IntegrityError, match="request_id"):
        grant(ApprovalRequest.objects.get(id=approval.request_id))


def test_nobody_decides_twice(world: World) -> None:
    request = ask(world, risk_tier=RiskTier.HIGH)
    officer = world.officer
    with within(act_as(world, officer.id)):
        sign(request, officer.id)
        second = RequestStage.across_tenants.get(request_id=request.id, position=2)
        with pytest.raises(IntegrityError, match="one_decision_per_person"):
            sign(request, officer.id, stage_id=second.id)


def test_another_organisations_decision_grants_nothing(
    world: World, other_world: World, request_: ApprovalRequest
) -> None:
    theirs = other_world.officer
    with within(world.system.scope):
        stage = stage_of(request_)
    with within(theirs.scope):
        assert mark(request_, "in_review") == 0
        for organization_id in (world.organization.id, other_world.organization.id):
            with pytest.raises((ProgrammingError, IntegrityError)):
                sign(request_, theirs.id, organization_id=organization_id, stage_id=stage)
            with pytest.raises((ProgrammingError, IntegrityError)):
                grant(request_, organization_id=organization_id)
