"""A team is onboarded in one act: all of it, on record part by part, or nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from governance.models import Approval, ApprovalRequest, EvidenceKind, Notice, NoticeKind, RiskTier
from governance.services import onboarding
from governance.services.onboarding import Allotment, Onboarded, Plan, Policy
from kit import clock, errors
from kit.data_class import DataClass
from kit.scoping import within
from tenants.models import ApiKey, Team, User
from tenants.services.organizations import Limits
from tests.support.acts import acts_of, add_evidence, ask
from tests.support.answers import harmless
from tests.support.ledger import envelope
from tests.support.onboarding import plan
from tests.support.world import World


def onboard(world: World, planned: Plan) -> Onboarded:
    with within(world.admin.scope):
        return onboarding.onboard(actor=world.admin, plan=planned, now=clock.now())


def approved_for_us(world: World, slug: str = "helper", **terms: Any) -> Approval:
    return world.approve(world.model(slug, approved=False), teams=[world.team.id], **terms)


def asking_for(*approvals: Approval, reason: str = "Letters to the insured.") -> Policy:
    return Policy(models=[approval.model for approval in approvals], reason=reason)


def test_all_that_a_team_needs_is_made_at_once(world: World) -> None:
    allotment = Allotment(5_000_000_000, Limits(60, 10_000, 4))
    made = onboard(world, plan(allotment=allotment, policy=Policy(max_data_class=DataClass.INTERNAL)))

    assert [row.user.name for row in made.leads] == ["Lena"]
    assert [row.limit_nano_usd for row in made.budgets] == [5_000_000_000]
    assert [(row.requests_per_minute, row.tokens_per_minute, row.concurrency) for row in made.limits] == [
        (60, 10_000, 4)
    ]
    [key] = made.keys
    assert (key.project, key.team_id, key.max_data_class) == (made.projects[0], made.team.id, DataClass.INTERNAL)
    assert made.issued is not None
    assert made.issued.secret.startswith(key.prefix)
    assert made.issued.first_password


def test_each_part_is_on_record_and_the_whole_names_them(world: World) -> None:
    bound = approved_for_us(world)
    before = len(acts_of(world))
    made = onboard(world, plan(policy=asking_for(bound)))

    *parts, whole = acts_of(world)[before:]
    assert [part.action for part in parts] == [
        "tenants.team.created",
        "tenants.membership.added",
        "tenants.project.created",
        "tenants.api_key.issued",
        "governance.approval.requested",
    ]
    details = envelope(whole)["details"]
    assert (whole.action, whole.object_id) == ("governance.team.onboarded", made.team.id)
    assert details["request_ids"] == [str(request.id) for request in made.waiting]
    assert details["api_key_id"] == str(made.keys[0].id)


def test_a_member_may_lead_and_is_told(world: World) -> None:
    officer = world.officer
    made = onboard(world, plan(email=world.people["olivia"].email.upper()))
    assert [row.user_id for row in made.leads] == [officer.id]
    assert made.issued is not None
    assert made.issued.first_password is None
    with within(officer.scope):
        told = Notice.objects.filter(person_id=officer.id, kind=NoticeKind.LEADING)
        assert [notice.subject_id for notice in told] == [made.team.id]


def test_a_second_time_it_says_what_there_is(world: World) -> None:
    bound = approved_for_us(world)
    planned = plan(policy=asking_for(bound))
    first = onboard(world, planned)
    before = len(acts_of(world))

    again = onboard(world, planned)

    assert again.issued is None
    assert (again.team, again.leads, again.projects, again.keys) == (
        first.team,
        first.leads,
        first.projects,
        first.keys,
    )
    assert again.waiting == first.waiting
    assert len(acts_of(world)) == before


def test_a_model_is_asked_for_as_it_is_approved_with_one_team_more(world: World) -> None:
    model = world.model("helper", approved=False)
    evidence = add_evidence(world, world.admin, model, EvidenceKind.EVALUATION)
    terms = {"regions": ["eu"], "max_data_class": DataClass.INTERNAL, "evidence": [evidence.id], "answers": harmless()}
    bound = world.approve(model, teams=[world.team.id], expires_at=clock.now() + timedelta(days=30), **terms)

    made = onboard(world, plan(policy=asking_for(bound)))

    [request] = made.waiting
    assert set(request.teams) == {world.team.id, made.team.id}
    assert (request.regions, request.max_data_class, request.expires_at) == (
        ["eu"],
        DataClass.INTERNAL,
        bound.expires_at,
    )
    assert (request.answers, request.risk_tier) == (bound.request.answers, bound.request.risk_tier)
    with within(world.admin.scope):
        assert [row.evidence_id for row in request.attached.all()] == [evidence.id]
    assert made.callable == []


def test_what_is_approved_for_every_team_needs_no_asking(world: World) -> None:
    world.model("for-all")
    with within(world.admin.scope):
        everybodys = Approval.objects.select_related("model").get(model__slug="for-all")
    made = onboard(world, plan(policy=asking_for(everybodys)))
    assert [model.slug for model in made.callable] == ["for-all"]
    assert made.waiting == []


def test_what_is_asked_for_is_not_permitted_before_it_is_approved(world: World) -> None:
    bound = approved_for_us(world)
    made = onboard(world, plan(policy=asking_for(bound)))
    with within(world.admin.scope):
        assert Approval.objects.get(ended_at__isnull=True, model=bound.model).teams == [world.team.id]
    assert made.callable == []


@pytest.mark.parametrize("lacking", ["reason", "approval", "decision", "lead"])
def test_what_cannot_all_be_made_is_not_made_at_all(world: World, lacking: str) -> None:
    bound = approved_for_us(world)
    planned = plan(policy=asking_for(bound, reason=" " if lacking == "reason" else "Letters."))
    if lacking == "approval":
        planned = plan(policy=Policy(models=[world.model("new", approved=False)], reason="Letters."))
    if lacking == "decision":
        ask(world, model=bound.model, teams=[world.team.id])
    if lacking == "lead":
        planned = plan(email=(world.admin, world.people["ada"].email)[1])
    with within(world.admin.scope):
        before = acts_of(world), User.objects.count(), ApiKey.objects.count(), ApprovalRequest.objects.count()

    with pytest.raises((errors.InvalidRequest, errors.Conflict)):
        onboard(world, planned)

    with within(world.admin.scope):
        assert not Team.objects.filter(slug="claims").exists()
        after = acts_of(world), User.objects.count(), ApiKey.objects.count(), ApprovalRequest.objects.count()
    assert after == before


def test_a_refusal_says_of_which_model_it_is(world: World) -> None:
    one, other = approved_for_us(world, "one"), approved_for_us(world, "other")
    ask(world, model=other.model, teams=[world.team.id])
    with pytest.raises(errors.Conflict, match=r"other.*waits for a decision") as refusal:
        onboard(world, plan(policy=asking_for(one, other)))
    assert refusal.value.param == "models"


def test_offered_is_what_some_teams_have_and_nobody_decides_on(world: World) -> None:
    approved_for_us(world, "bound")
    world.model("for-all")
    ask(world, model=approved_for_us(world, "waits").model, teams=[world.team.id])
    with within(world.admin.scope):
        assert [row.model.slug for row in onboarding.to_ask_for(clock.now())] == ["bound"]


def test_the_tier_is_as_it_was_where_nothing_was_answered(world: World) -> None:
    bound = approved_for_us(world, risk_tier=RiskTier.MEDIUM)
    [request] = onboard(world, plan(policy=asking_for(bound))).waiting
    assert request.risk_tier == RiskTier.MEDIUM
