"""Claims, comments and escalation: what two reviewers of one request see of each other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from governance.models import ApprovalRequest, Claim, Comment, Escalation, Notice
from governance.services import approvals, claims, comments
from governance.services.escalations import escalate_overdue
from kit import clock, errors
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tenants.models import Role
from tests.support.acts import acts_of, ask
from tests.support.world import World, build

HOURS = timedelta(hours=1)


@pytest.fixture
def other(world: World) -> Actor:
    return world.person("olaf", Role.COMPLIANCE_OFFICER)


@pytest.fixture
def request_(world: World) -> ApprovalRequest:
    return ask(world)


def claim(actor: Actor, request: ApprovalRequest, *, after: timedelta = timedelta(), takes_over: bool = False) -> Claim:
    with within(actor.scope):
        return claims.claim(actor=actor, request=request, now=clock.now() + after, takes_over=takes_over)


def held(world: World) -> list[Claim]:
    with within(world.system.scope):
        return list(Claim.objects.filter(ended_at__isnull=True))


def told(actor: Actor, kind: str) -> int:
    with within(actor.scope):
        return Notice.objects.filter(kind=kind).count()


def test_the_second_reviewer_hears_of_the_first(world: World, other: Actor, request_: ApprovalRequest) -> None:
    first = claim(world.officer, request_)
    with pytest.raises(errors.Conflict, match="Somebody else reviews it"):
        claim(other, request_)
    assert claim(world.officer, request_) == first
    assert [each.claimed_by_id for each in held(world)] == [world.officer.id]


def test_a_claim_is_taken_over_on_record(world: World, other: Actor, request_: ApprovalRequest) -> None:
    claim(world.officer, request_)
    claim(other, request_, takes_over=True)

    assert [each.claimed_by_id for each in held(world)] == [other.id]
    last = acts_of(world)[-1]
    assert last.action == "governance.approval.claimed"
    assert str(world.officer.id) in bytes(last.envelope).decode()


def test_a_stale_claim_stands_in_nobodys_way(world: World, other: Actor, request_: ApprovalRequest) -> None:
    claim(world.officer, request_)
    assert claim(other, request_, after=9 * HOURS).claimed_by_id == other.id
    assert len(held(world)) == 1


def test_whoever_does_not_decide_claims_nothing(world: World, request_: ApprovalRequest) -> None:
    for nobody in (world.admin, world.person("ann", Role.AUDITOR)):
        with pytest.raises(errors.Forbidden):
            claim(nobody, request_)


def test_a_claim_binds_nobody_and_ends_with_the_decision(world: World, other: Actor, request_: ApprovalRequest) -> None:
    claim(world.officer, request_)
    with within(other.scope):
        approvals.approve(
            actor=other, request=request_, reason="fine", signed_hash=request_.content_hash, now=clock.now()
        )
    assert held(world) == []
    with pytest.raises(errors.Conflict, match="Nothing is to be reviewed"):
        claim(other, request_)


def test_a_claim_ends_when_the_request_is_withdrawn_or_it_is_given_back(
    world: World, other: Actor, request_: ApprovalRequest
) -> None:
    officer = world.officer
    claim(officer, request_)
    with within(other.scope), pytest.raises(errors.Forbidden):
        claims.release(actor=other, request=request_, now=clock.now())
    with within(officer.scope):
        claims.release(actor=officer, request=request_, now=clock.now())
        claims.release(actor=officer, request=request_, now=clock.now())
    assert held(world) == []

    claim(officer, request_)
    with within(world.admin.scope):
        approvals.withdraw(actor=world.admin, request=request_)
    assert held(world) == []


def test_the_database_takes_no_claim_in_anothers_name_nor_a_second_one(
    world: World, other: Actor, request_: ApprovalRequest
) -> None:
    claim(world.officer, request_)
    for name, refusal in [(world.officer.id, "row-level security"), (other.id, "one_claim_in_force")]:
        with within(other.scope), pytest.raises(DatabaseError, match=refusal), transaction.atomic():
            Claim.objects.create(
                organization=world.organization, request=request_, claimed_by_id=name, claimed_at=clock.now()
            )


def test_an_ended_claim_is_not_revived(world: World, request_: ApprovalRequest) -> None:
    officer = world.officer
    claim(officer, request_)
    with within(officer.scope):
        claims.release(actor=officer, request=request_, now=clock.now())
        with pytest.raises(DatabaseError, match="ends once"), transaction.atomic():
            Claim.objects.update(ended_at=None)


def test_a_comment_is_told_to_those_who_talk(world: World, other: Actor, request_: ApprovalRequest) -> None:
    officer = world.officer
    for speaker, mentions in [(officer, [other.id]), (world.admin, [])]:
        with within(speaker.scope):
            comments.comment(actor=speaker, request=request_, text="Which data?", now=clock.now(), mentions=mentions)
    assert [told(each, "commented") for each in (world.admin, other, officer)] == [1, 1, 1]
    assert b"Which data" not in b"".join(bytes(act.envelope) for act in acts_of(world))


def test_a_comment_is_not_rewritten(world: World, request_: ApprovalRequest) -> None:
    officer = world.officer
    with within(officer.scope):
        comments.comment(actor=officer, request=request_, text="Which data?", now=clock.now())
        for statement in ("UPDATE governance_comment SET text = 'x'", "DELETE FROM governance_comment"):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                connection.cursor().execute(statement)
        assert Comment.objects.get().text == "Which data?"


def test_nobody_of_elsewhere_is_mentioned(world: World, request_: ApprovalRequest) -> None:
    officer = world.officer
    for stranger in (build().officer.id, new_id()):
        with within(officer.scope), pytest.raises(errors.InvalidRequest):
            comments.comment(actor=officer, request=request_, text="?", now=clock.now(), mentions=[stranger])


def test_an_overdue_stage_is_escalated_once(world: World, other: Actor, request_: ApprovalRequest) -> None:
    organization, late = world.organization.id, clock.now() + timedelta(days=4)

    assert escalate_overdue(organization_id=organization, now=clock.now()) == 0
    assert [escalate_overdue(organization_id=organization, now=late) for _ in range(2)] == [1, 0]

    assert told(other, "review_overdue") == 1
    assert told(world.admin, "review_overdue") == 0  # who asked
    last = acts_of(world)[-1]
    assert (last.action, last.actor_kind) == ("governance.approval.escalated", "system")
    with within(other.scope):
        assert Escalation.objects.get().request_id == request_.id


def test_the_portal_escalates_nothing(world: World, request_: ApprovalRequest) -> None:
    officer = world.officer
    with within(officer.scope), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Escalation.objects.create(
            organization=world.organization, request=request_, stage=request_.stages.get(), escalated_at=clock.now()
        )
