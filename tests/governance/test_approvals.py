"""The life of an approval, as the services lead it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError

from governance import selectors
from governance.models import Approval, ApprovalRequest, Decision, RequestStatus, RiskTier
from governance.services import approvals, suspensions
from governance.services.approvals import content_hash
from kit import clock, errors
from kit.context import Actor
from kit.data_class import DataClass
from kit.ids import new_id
from kit.scoping import within
from tenants.models import Role
from tests.support.acts import acts_of, ask, granted, new_model
from tests.support.world import World, unknown_id, without_second_factor


def decide(
    actor: Actor, request: ApprovalRequest, *, approve: bool = True, reason: str = "fine", signed: str | None = None
) -> Any:
    decision = approvals.approve if approve else approvals.reject
    with within(actor.scope):
        return decision(
            actor=actor,
            request=request,
            reason=reason,
            signed_hash=request.content_hash if signed is None else signed,
            now=clock.now(),
        )


def status_of(world: World, request: ApprovalRequest) -> str:
    with within(world.system.scope):
        return ApprovalRequest.objects.get(id=request.id).status


def live(world: World) -> list[Approval]:
    with within(world.system.scope):
        return list(selectors.live_approvals(clock.now()))


def test_what_is_approved_is_what_was_asked(world: World) -> None:
    other, _ = world.new_team("research")
    terms: dict[str, Any] = {
        "teams": [world.team.id, other.id],
        "regions": ["eu", "us-east-1"],
        "max_data_class": DataClass.RESTRICTED,
        "expires_at": clock.now() + timedelta(days=30),
    }
    request = ask(world, **terms)
    approval = decide(world.officer, request)
    assert {name: getattr(approval, name) for name in terms} == terms
    assert (approval.request_id, approval.model_id) == (request.id, request.model_id)
    assert live(world) == [approval]


def test_the_decision_says_who_decided_on_what(world: World) -> None:
    request = ask(world)
    decide(world.officer, request, reason="evaluated")
    with within(world.system.scope):
        decision = Decision.objects.get(request=request)
    assert decision.requested_by_id == world.admin.id
    assert decision.decided_by_id == world.officer.id
    assert (decision.signed_hash, decision.reason) == (request.content_hash, "evaluated")


@pytest.mark.parametrize("approve", [True, False])
def test_whoever_asks_does_not_decide(world: World, approve: bool) -> None:
    request = ask(world, world.officer)
    with pytest.raises(errors.Forbidden) as refusal:
        decide(world.officer, request, approve=approve)
    assert refusal.value.code == "separation_of_duties"
    assert live(world) == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.COMPLIANCE_OFFICER])
def test_nobody_but_an_officer_decides(world: World, role: Role) -> None:
    org_wide = role in (Role.ADMINISTRATOR, Role.AUDITOR)
    actor = world.person("somebody", role, None if org_wide else world.team)
    with pytest.raises(errors.Forbidden):
        decide(actor, ask(world))
    assert live(world) == []


def test_a_decision_needs_a_one_time_password_and_a_reason(world: World) -> None:
    request = ask(world)
    with pytest.raises(errors.Forbidden):
        decide(without_second_factor(world.officer), request)
    for reason in ("", "  \n"):
        with pytest.raises(errors.InvalidRequest):
            decide(world.officer, request, reason=reason)
    assert status_of(world, request) == RequestStatus.SUBMITTED


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_a_request_is_decided_once(world: World, first: bool, second: bool) -> None:
    request = ask(world)
    decide(world.officer, request, approve=first)
    another = world.person("otto", Role.COMPLIANCE_OFFICER)
    before = len(acts_of(world))
    for actor in (world.officer, another):
        with pytest.raises(errors.Conflict):
            decide(actor, request, approve=second)
    assert len(live(world)) == int(first)
    assert len(acts_of(world)) == before


def test_what_was_withdrawn_is_not_decided(world: World) -> None:
    request = ask(world)
    with within(world.admin.scope):
        approvals.withdraw(actor=world.admin, request=request)
    with pytest.raises(errors.Conflict):
        decide(world.officer, request)
    with pytest.raises(errors.Conflict), within(world.admin.scope):
        approvals.withdraw(actor=world.admin, request=request)
    assert live(world) == []


def test_only_the_requester_withdraws(world: World) -> None:
    request = ask(world)
    with pytest.raises(errors.Forbidden), within(world.officer.scope):
        approvals.withdraw(actor=world.officer, request=request)
    assert status_of(world, request) == RequestStatus.SUBMITTED


def test_what_was_shown_is_what_is_signed(world: World) -> None:
    """A page that is older than the request, or of another one."""
    request, other = ask(world), ask(world, regions=["eu"])
    for signed in ("", "0" * 64, other.content_hash, request.content_hash.upper()):
        with pytest.raises(errors.Conflict):
            decide(world.officer, request, signed=signed)
    assert status_of(world, request) == RequestStatus.SUBMITTED


def test_an_object_that_was_tampered_with_in_memory_decides_nothing_else(world: World) -> None:
    request = ask(world, regions=["eu"])
    request.regions, request.max_data_class = [], int(DataClass.RESTRICTED)
    request.requested_by_id = unknown_id()
    approval = decide(world.officer, request)
    assert (approval.regions, approval.max_data_class) == (["eu"], DataClass.INTERNAL)


def test_another_organisations_request_is_not_there(world: World, other_world: World) -> None:
    request = ask(world)
    with pytest.raises(ObjectDoesNotExist):
        decide(other_world.officer, request)
    approval = granted(world)
    for act in (
        lambda actor: suspensions.suspend(actor=actor, subject=approval, reason="for tests", now=clock.now()),
        lambda actor: suspensions.resume(actor=actor, subject=approval, reason="for tests", now=clock.now()),
        lambda actor: approvals.withdraw(actor=actor, request=request),
    ):
        with pytest.raises(ObjectDoesNotExist), within(other_world.officer.scope):
            act(other_world.officer)
    with pytest.raises(ObjectDoesNotExist):
        ask(other_world, model=request.model)
    assert acts_of(other_world)[-1].action == "tenants.membership.added"


def test_a_new_approval_takes_the_place_of_the_one_before(world: World) -> None:
    model = new_model(world)
    narrow = world.approve(model, regions=["eu"])
    wide = world.approve(model)
    assert live(world) == [wide]
    with within(world.system.scope):
        assert Approval.objects.get(id=narrow.id).ended_at is not None


def test_a_refused_renewal_leaves_the_permission_in_force(world: World) -> None:
    model = new_model(world)
    approval = world.approve(model)
    decide(world.officer, ask(world, model=model), approve=False)
    assert live(world) == [approval]


def test_one_request_waits_per_model(world: World) -> None:
    request = ask(world)
    with pytest.raises(errors.Conflict):
        ask(world, world.officer, model=request.model)
    decide(world.officer, request, approve=False)
    ask(world, model=request.model)


def test_a_suspended_approval_permits_nothing_until_it_is_resumed(world: World) -> None:
    approval, officer = granted(world), world.officer
    before = len(acts_of(world))
    with within(officer.scope):
        for _ in range(2):
            suspensions.suspend(actor=officer, subject=approval, reason="for tests", now=clock.now())
    assert live(world) == []
    with within(officer.scope):
        for _ in range(2):
            suspensions.resume(actor=officer, subject=approval, reason="for tests", now=clock.now())
    assert live(world) == [approval]
    assert [act.action for act in acts_of(world)[before:]] == [
        "governance.approval.suspended",
        "governance.approval.resumed",
    ]


def test_an_approval_ends_by_itself(world: World) -> None:
    end = clock.now() + timedelta(hours=1)
    approval = world.approve(new_model(world), expires_at=end)
    with within(world.system.scope):
        assert list(selectors.live_approvals(end - timedelta(microseconds=1))) == [approval]
        assert list(selectors.live_approvals(end)) == []
    assert approval.is_live(end - timedelta(microseconds=1))
    assert not approval.is_live(end)


def test_only_teams_of_the_organisation_are_named(world: World, other_world: World) -> None:
    for teams in ([other_world.team.id], [world.team.id, new_id()]):
        with pytest.raises(errors.InvalidRequest) as refusal:
            ask(world, teams=teams)
        assert refusal.value.param == "teams"


@pytest.mark.parametrize(
    "terms", [{"regions": ["x" * 33]}, {"regions": [""]}, {"max_data_class": 99}, {"max_data_class": -1}]
)
def test_terms_are_checked(world: World, terms: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ask(world, **terms)


def test_the_hash_is_of_everything_that_is_asked(world: World) -> None:
    request = ask(world, regions=["eu"], teams=[world.team.id], expires_at=datetime(2099, 1, 1, tzinfo=UTC))
    changes: dict[str, Any] = {
        "regions": ["eu", "us"],
        "teams": [],
        "max_data_class": DataClass.PUBLIC,
        "expires_at": None,
        "justification": "other letters",
        "risk_tier": RiskTier.MEDIUM,
        "model": new_model(world),
    }
    before = content_hash(request, [])
    for name, value in changes.items():
        was = getattr(request, name)
        setattr(request, name, value)
        assert content_hash(request, []) != before, name
        setattr(request, name, was)
    request.model.version = "2"
    assert content_hash(request, []) != before


def test_the_hash_is_of_meaning_and_not_of_spelling(world: World) -> None:
    request = ask(world, regions=["eu", "us"], expires_at=datetime(2099, 1, 1, tzinfo=UTC))
    before = content_hash(request, [])
    request.regions = ["us", "eu"]
    request.expires_at = datetime(2099, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert content_hash(request, []) == before
