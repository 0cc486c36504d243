"""Who hears of which act."""

from __future__ import annotations

from datetime import timedelta

from governance.models import ApprovalRequest, Notice, RiskTier
from governance.services import approvals, delegations, suspensions
from kit import clock
from kit.context import Actor
from kit.scoping import within
from tenants.models import Role, User
from tests.governance.reviewing import override_tier
from tests.support.acts import ask, draft
from tests.support.world import World


def told(*people: Actor) -> list[list[str]]:
    """What each of them was told, oldest first."""
    found = []
    for person in people:
        with within(person.scope):
            found.append(list(Notice.objects.order_by("id").values_list("kind", flat=True)))
    return found


def decide(actor: Actor, request: ApprovalRequest, how: str = "approve") -> None:
    waived = {"waiver": "for tests"} if how == "approve" else {}
    with within(actor.scope):
        signed = {"reason": "fine", "signed_hash": request.content_hash, "now": clock.now(), **waived}
        getattr(approvals, how)(actor=actor, request=request, **signed)


def delegate(world: World, delegator: Actor, to: Actor) -> None:
    now = clock.now()
    with within(delegator.scope):
        person = User.objects.get(id=to.id)
        delegations.delegate(actor=delegator, to=person, starts_at=now, ends_at=now + timedelta(days=1))


def test_a_request_is_told_to_those_who_may_sign_in_its_first_stage(world: World) -> None:
    officer, auditor = world.officer, world.person("ann", Role.AUDITOR)
    ask(world)
    assert told(officer, auditor, world.admin) == [["review_wanted"], [], []]


def test_a_draft_is_told_to_nobody_until_it_is_sent(world: World) -> None:
    officer = world.officer
    request = draft(world)
    assert told(officer) == [[]]
    with within(world.admin.scope):
        approvals.send(actor=world.admin, request=request)
    assert told(officer) == [["review_wanted"]]


def test_an_officers_own_request_is_for_the_others(world: World) -> None:
    officer, other = world.officer, world.person("olaf", Role.COMPLIANCE_OFFICER)
    ask(world, officer)
    assert told(officer, other) == [[], ["review_wanted"]]


def test_the_next_stage_is_told_to_its_people_once(world: World) -> None:
    officer, other = world.officer, world.person("olaf", Role.COMPLIANCE_OFFICER)
    requester = world.person("dev", Role.DEVELOPER, world.team)
    admin, third = world.admin, world.person("ole", Role.COMPLIANCE_OFFICER)
    request = ask(world, requester, risk_tier=RiskTier.HIGH)
    assert told(officer, other, admin) == [["review_wanted"], ["review_wanted"], []]

    decide(officer, request)
    decide(other, request)

    assert told(officer, other, admin) == [["review_wanted"], ["review_wanted"] * 2, ["review_wanted"]]
    decide(third, request)
    assert told(requester) == [["request_approved"]]


def test_the_requester_hears_how_it_ends_and_reviewers_of_the_next_revision(world: World) -> None:
    officer, admin = world.officer, world.admin
    request = ask(world)
    decide(officer, request, "request_changes")
    with within(admin.scope):
        changed = approvals.revise(
            actor=admin, request=request, justification="less", terms=approvals.Terms(regions=["eu"])
        )
        approvals.send(actor=admin, request=changed)
    decide(officer, changed, "reject")

    assert told(admin, officer) == [["changes_requested", "request_rejected"], ["review_wanted"] * 2]


def test_a_raised_request_is_told_anew(world: World) -> None:
    officer = world.officer
    request = ask(world)
    override_tier(officer, request, RiskTier.MEDIUM)
    assert told(officer) == [["review_wanted"] * 2]


def test_a_delegate_hears_of_it_and_of_what_waits(world: World) -> None:
    delegate_ = world.person("ann", Role.AUDITOR)
    delegate(world, world.officer, delegate_)
    ask(world)
    assert told(delegate_) == [["delegated", "review_wanted"]]


def test_a_stop_is_told_to_those_who_govern_and_the_leads_whose_keys_it_meets(world: World) -> None:
    officer, admin = world.officer, world.admin
    keyless, _ = world.new_team("keyless")
    lead, other = world.person("bob", Role.TEAM_LEAD, world.team), world.person("bea", Role.TEAM_LEAD, keyless)
    model = world.serve("helper")
    before = told(officer, admin, lead, other)
    with within(officer.scope):
        suspensions.suspend(actor=officer, subject=model, reason="It leaks.", now=clock.now())
        suspensions.resume(actor=officer, subject=model, reason="It was not it.", now=clock.now())

    after = told(officer, admin, lead, other)

    told_since = [now[len(then) :] for then, now in zip(before, after, strict=True)]
    assert told_since == [[], ["suspended", "resumed"], ["suspended", "resumed"], []]


def test_the_stop_of_a_key_is_its_teams_alone(world: World) -> None:
    _, project = world.new_team("research")
    theirs, _ = world.new_key(project)
    lead, other = world.person("bob", Role.TEAM_LEAD, world.team), world.person("bea", Role.TEAM_LEAD, project.team)
    officer = world.officer
    with within(officer.scope):
        suspensions.suspend(actor=officer, subject=theirs, reason="It leaks.", now=clock.now())
    assert told(lead, other) == [[], ["suspended"]]
