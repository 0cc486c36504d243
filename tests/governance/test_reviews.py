"""Reviews in stages: how many sign, who, what becomes of it when the request changes, and what cannot be abused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from governance import review, selectors
from governance.models import ApprovalRequest, Decision, Notice, NoticeKind, RequestStatus, RiskTier
from governance.review import StageRule
from governance.services import approvals, delegations, questionnaires, review_rules
from governance.services.approvals import Terms
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tenants.models import Membership, Role, User
from tenants.services import people
from tests.governance.reviewing import decide, fresh, override_tier, revise, send, together
from tests.governance.test_four_eyes_in_the_database import act_as, sign
from tests.support.acts import acts_of, ask, draft
from tests.support.answers import defined
from tests.support.world import World, without_second_factor

HIGH = RiskTier.HIGH


def officer(world: World, name: str) -> Actor:
    return world.person(name, Role.COMPLIANCE_OFFICER)


def live(world: World) -> int:
    with within(world.system.scope):
        return selectors.live_approvals(clock.now()).count()


def positions(world: World, request: ApprovalRequest) -> list[tuple[int, int, bool]]:
    """(position, how many are missing, whether it is open) of the present revision."""
    with within(world.system.scope):
        found = review.standings(fresh(world, request))
        return [(each.stage.position, each.missing, each.is_open) for each in found]


def delegate(actor: Actor, to: Actor, hours: int = 1) -> Any:
    now = clock.now()
    with within(actor.scope):
        user = User.objects.get(id=to.id)
        return delegations.delegate(actor=actor, to=user, starts_at=now, ends_at=now + timedelta(hours=hours))


def set_rule(world: World, tier: RiskTier, *stages: StageRule) -> None:
    with within(world.officer.scope):
        review_rules.set_rule(actor=world.officer, risk_tier=tier, stages=stages, now=clock.now())


def test_high_risk_takes_an_officer_and_then_two_more(world: World) -> None:
    request = ask(world, world.person("dev", Role.DEVELOPER, world.team), risk_tier=HIGH)
    assert positions(world, request) == [(1, 1, True), (2, 2, False)]
    assert decide(officer(world, "olivia"), request) is None
    assert fresh(world, request).status == RequestStatus.IN_REVIEW
    assert decide(world.admin, request) is None
    assert positions(world, request) == [(1, 0, False), (2, 1, True)]
    assert live(world) == 0
    approval = decide(officer(world, "otto"), request)
    assert approval.request_id == request.id
    assert live(world) == 1


def test_each_stage_asks_for_its_own_roles(world: World) -> None:
    request = ask(world, officer(world, "olivia"), risk_tier=HIGH)
    with pytest.raises(errors.Forbidden):
        decide(world.admin, request)
    decide(officer(world, "otto"), request)
    decide(world.admin, request)


def test_a_rule_holds_for_what_is_submitted_after_it(world: World) -> None:
    before = ask(world, risk_tier=RiskTier.MEDIUM)
    set_rule(world, RiskTier.MEDIUM, StageRule((Role.COMPLIANCE_OFFICER,), needed=2, due_days=1))
    after = ask(world, risk_tier=RiskTier.MEDIUM)
    assert positions(world, before) == [(1, 1, True)]
    assert positions(world, after) == [(1, 2, True)]
    assert decide(world.officer, before) is not None
    assert decide(world.officer, after) is None


def test_a_rule_asks_for_somebody_who_reviews(world: World) -> None:
    for stage in (
        StageRule(()),
        StageRule((Role.DEVELOPER,)),
        StageRule((Role.COMPLIANCE_OFFICER,), needed=0),
        StageRule((Role.COMPLIANCE_OFFICER,), due_days=0),
    ):
        with pytest.raises(errors.InvalidRequest):
            set_rule(world, HIGH, stage)
    with pytest.raises(errors.InvalidRequest):
        set_rule(world, HIGH)
    for actor in (world.admin, without_second_factor(world.officer)):
        with pytest.raises(errors.Forbidden), within(actor.scope):
            review_rules.set_rule(actor=actor, risk_tier=HIGH, stages=review.DEFAULTS[HIGH], now=clock.now())


def test_stages_are_due_one_after_the_other(world: World) -> None:
    request = ask(world, risk_tier=HIGH)
    with within(world.system.scope):
        first, second = review.standings(fresh(world, request))
        assert first.due_at == request.requested_at + timedelta(days=3)
        assert second.due_at == request.requested_at + timedelta(days=6)
        assert first.is_overdue(first.due_at + timedelta(seconds=1))
        assert not second.is_overdue(second.due_at + timedelta(seconds=1))


def test_nobody_signs_twice_on_a_request(world: World) -> None:
    request = ask(world, risk_tier=HIGH)
    decide(world.officer, request)
    for verdict in ("approve", "reject", "request_changes"):
        with pytest.raises(errors.Conflict):
            decide(world.officer, request, verdict)


def test_a_draft_is_nobodys_to_decide_until_it_is_sent(world: World) -> None:
    request = draft(world)
    assert positions(world, request) == []
    with pytest.raises(errors.Conflict):
        decide(world.officer, request)
    with pytest.raises(errors.Forbidden):
        send(world.officer, request)
    revised = revise(world.admin, request, regions=["eu"])
    sent = send(world.admin, revised)
    assert decide(world.officer, sent).regions == ["eu"]


def test_two_drafts_of_a_model_are_not_both_sent(world: World) -> None:
    request = draft(world)
    ask(world, model=request.model)
    with pytest.raises(errors.Conflict):
        send(world.admin, request)


def test_changes_asked_for_are_made_before_it_goes_back(world: World) -> None:
    request = ask(world, risk_tier=HIGH, regions=["us"])
    decide(officer(world, "olivia"), request)
    decide(officer(world, "otto"), request, "request_changes", reason="Europe only.")
    assert fresh(world, request).status == RequestStatus.CHANGES_REQUESTED
    with pytest.raises(errors.Conflict):
        send(world.admin, request)
    with pytest.raises(errors.Conflict):
        revise(world.admin, request, risk_tier=HIGH, regions=["us"])
    with pytest.raises(errors.Forbidden):
        revise(world.officer, request)
    revised = send(world.admin, revise(world.admin, request, risk_tier=HIGH, regions=["eu"]))
    assert revised.revision == 2
    assert positions(world, revised) == [(1, 1, True), (2, 2, False)]
    decide(officer(world, "olivia"), revised)  # whoever signed before signs anew


def test_every_revision_is_kept(world: World) -> None:
    request = ask(world, regions=["us"])
    decide(world.officer, request, "request_changes")
    revise(world.admin, request, regions=["eu"])
    with within(world.system.scope):
        kept = list(request.revisions.all())
    assert [(each.number, each.regions) for each in kept] == [(1, ["us"]), (2, ["eu"])]
    assert kept[0].content_hash == request.content_hash != kept[1].content_hash


def test_what_was_read_before_an_edit_is_not_approved(world: World) -> None:
    stale = ask(world, regions=["us"])
    decide(world.officer, stale, "request_changes")
    send(world.admin, revise(world.admin, stale, regions=["eu"]))
    with pytest.raises(errors.Conflict, match="changed since it was shown"):
        decide(officer(world, "otto"), stale)
    assert live(world) == 0


def test_what_is_open_is_not_edited(world: World) -> None:
    request = ask(world, risk_tier=HIGH)
    for name in ("olivia", "otto", "olga"):
        with pytest.raises(errors.Conflict):
            revise(world.admin, request, risk_tier=HIGH, regions=["eu"])
        decide(officer(world, name), request)
    with pytest.raises(errors.Conflict):
        revise(world.admin, request, risk_tier=HIGH, regions=["eu"])


def test_an_officer_overrides_the_tier_and_the_review_begins_anew(world: World) -> None:
    request = ask(world)
    raised = override_tier(world.officer, request, HIGH)
    assert positions(world, raised) == [(1, 1, True), (2, 2, False)]
    with pytest.raises(errors.Conflict):
        decide(world.officer, request)  # as it was shown
    decide(world.officer, raised)
    with pytest.raises(errors.Conflict):
        override_tier(world.officer, raised, HIGH)  # which it is
    with pytest.raises(errors.Forbidden):
        override_tier(world.admin, raised, RiskTier.LOW)
    with pytest.raises(errors.InvalidRequest):
        override_tier(world.officer, raised, RiskTier.LOW, reason=" ")
    lowered = override_tier(world.officer, raised, RiskTier.LOW)
    assert positions(world, lowered) == [(1, 1, True)]


def test_a_delegate_decides_in_somebodys_place(world: World) -> None:
    dev = world.person("dev", Role.DEVELOPER, world.team)
    request = ask(world)
    with pytest.raises(errors.Forbidden):
        decide(dev, request, in_place_of=world.officer.id)
    delegate(world.officer, dev)
    with pytest.raises(errors.Forbidden):
        decide(without_second_factor(dev), request, in_place_of=world.officer.id)
    with pytest.raises(errors.Forbidden):
        decide(dev, request)
    assert decide(officer(world, "otto"), ask(world)) is not None


def test_a_delegation_is_good_for_one_decision_between_the_two(world: World) -> None:
    ada, olivia, otto = world.admin, officer(world, "olivia"), officer(world, "otto")
    request = ask(world, world.person("dev", Role.DEVELOPER, world.team), risk_tier=HIGH)
    delegate(olivia, ada)
    assert decide(ada, request, in_place_of=olivia.id) is None
    for actor, principal in ((olivia, None), (ada, None), (ada, olivia.id)):
        with pytest.raises(errors.Conflict):
            decide(actor, request, in_place_of=principal)
    delegate(otto, olivia)  # who is spent herself
    with pytest.raises(errors.Conflict):
        decide(olivia, request, in_place_of=otto.id)
    with within(world.system.scope):
        made = Decision.objects.get(request_id=request.id)
    assert (made.decided_by_id, made.decided_for_id) == (ada.id, olivia.id)


def test_a_delegate_of_the_requester_does_not_decide_for_them(world: World) -> None:
    olivia, otto = officer(world, "olivia"), officer(world, "otto")
    request = ask(world, olivia)
    delegate(olivia, world.admin)
    delegate(otto, olivia)
    for actor, principal in ((world.admin, olivia), (olivia, otto)):
        with pytest.raises(errors.Forbidden) as refusal:
            decide(actor, request, in_place_of=principal.id)
        assert refusal.value.code == "separation_of_duties"
        with within(act_as(world, actor.id)), pytest.raises(IntegrityError, match="requester"):
            sign(request, actor.id, decided_for_id=principal.id)


def test_a_delegation_is_not_passed_on(world: World) -> None:
    dev, ada, otto = world.person("dev", Role.DEVELOPER, world.team), world.admin, officer(world, "otto")
    request = ask(world, dev)
    delegate(otto, ada)
    delegate(ada, officer(world, "olivia"))
    for principal in (ada, otto):
        with pytest.raises(errors.Forbidden):
            decide(officer(world, "olivia"), request, in_place_of=principal.id)
    assert live(world) == 0


def test_a_delegation_ends(world: World) -> None:
    olivia, request = officer(world, "olivia"), ask(world, world.person("dev", Role.DEVELOPER, world.team))
    made = delegate(olivia, world.admin)
    with pytest.raises(errors.Forbidden):
        decide(world.admin, request, in_place_of=olivia.id, now=made.ends_at)
    with within(olivia.scope):
        for _ in range(2):
            delegations.end(actor=olivia, delegation=made, now=clock.now())
    with pytest.raises(errors.Forbidden):
        decide(world.admin, request, in_place_of=olivia.id)
    assert [act.action for act in acts_of(world)].count("governance.delegation.ended") == 1


def test_nobody_delegates_for_good_or_to_outsiders(world: World, other_world: World) -> None:
    with pytest.raises(errors.InvalidRequest):
        delegate(world.officer, world.admin, hours=24 * 91)
    with pytest.raises(errors.Conflict):
        delegate(world.officer, world.officer)
    with pytest.raises(User.DoesNotExist):
        delegate(world.officer, other_world.officer)


@pytest.mark.parametrize("is_gone", [True, False])
def test_somebody_deactivated_decides_nothing_nor_does_their_delegate(world: World, is_gone: bool) -> None:
    """By a session or a form that is open still."""
    olivia, dev = officer(world, "olivia"), world.person("dev", Role.DEVELOPER, world.team)
    request = ask(world, dev)
    delegate(olivia, world.admin)
    with within(world.system.scope):
        if is_gone:
            people.end_membership(actor=world.system, membership=Membership.objects.get(user_id=olivia.id))
        else:
            User.objects.filter(id=olivia.id).update(is_active=False)
    for actor, principal in ((olivia, None), (world.admin, olivia.id)):
        with pytest.raises(errors.Forbidden):
            decide(actor, request, in_place_of=principal)
    with within(act_as(world, olivia.id)), pytest.raises(IntegrityError, match="role that the stage asks for"):
        sign(request, olivia.id)


@pytest.mark.parametrize("tier", [RiskTier.LOW, HIGH])
def test_of_those_who_approve_at_the_same_moment_as_many_count_as_are_needed(world: World, tier: RiskTier) -> None:
    request = ask(world, world.person("dev", Role.DEVELOPER, world.team), risk_tier=tier)
    needed = 1
    if tier is HIGH:
        decide(officer(world, "first"), request)
        needed = 2
    crowd = [officer(world, f"officer{number}") for number in range(5)]
    outcomes = together(*(lambda actor=actor: decide(actor, request) for actor in crowd))
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert all(isinstance(outcome, errors.Conflict) for outcome in refused), refused
    assert len(outcomes) - len(refused) == needed
    assert live(world) == 1


def test_past_the_services_no_more_count_either(world: World) -> None:
    request = ask(world, world.person("dev", Role.DEVELOPER, world.team))
    crowd = [officer(world, f"officer{number}") for number in range(4)]

    def put_in(actor: Actor) -> Decision:
        with within(act_as(world, actor.id)):
            return sign(request, actor.id)

    outcomes = together(*(lambda actor=actor: put_in(actor) for actor in crowd))
    assert sum(isinstance(outcome, Decision) for outcome in outcomes) == 1
    assert {type(outcome) for outcome in outcomes} == {Decision, IntegrityError}


def test_a_withdrawal_and_an_approval_at_the_same_moment_do_not_mix(world: World) -> None:
    """One of them is first, and the other is told."""
    request, otto = ask(world), officer(world, "otto")

    def take_back() -> ApprovalRequest:
        with within(world.admin.scope):
            return approvals.withdraw(actor=world.admin, request=request)

    outcomes = together(lambda: decide(otto, request), take_back)
    assert [type(outcome) for outcome in outcomes].count(errors.Conflict) == 1
    is_approved = fresh(world, request).status == RequestStatus.APPROVED
    assert live(world) == int(is_approved)


def test_a_signature_is_on_record_before_the_approval(world: World) -> None:
    request = ask(world, world.person("dev", Role.DEVELOPER, world.team), risk_tier=HIGH)
    for actor in [officer(world, name) for name in ("olivia", "otto", "olga")]:
        decide(actor, request)
    assert [act.action for act in acts_of(world)][-3:] == [
        "governance.approval.signed",
        "governance.approval.signed",
        "governance.approval.approved",
    ]


def test_terms_name_the_tier(world: World) -> None:
    assert ask(world, risk_tier=RiskTier.MEDIUM).risk_tier == RiskTier.MEDIUM
    assert Terms().risk_tier is RiskTier.LOW


@pytest.mark.parametrize("subject", ["review_rule", "questionnaire"])
def test_what_one_officer_sets_alone_the_others_are_told(world: World, subject: str) -> None:
    world.admin, world.person("rob", Role.READ_ONLY, world.team)
    other = officer(world, "oscar")
    if subject == "review_rule":
        set_rule(world, RiskTier.LOW, StageRule((Role.COMPLIANCE_OFFICER,), needed=1))
    else:
        with within(world.officer.scope):
            questionnaires.set_version(actor=world.officer, definition=defined(), now=clock.now())

    told = {}
    for person in (world.admin, other, world.officer, world.person("rob", Role.READ_ONLY)):
        with within(person.scope):
            notices = Notice.objects.filter(person_id=person.id, kind=NoticeKind.RULES_CHANGED)
            told[person.id] = [notice.subject_kind for notice in notices]
    assert told.pop(world.admin.id) == told.pop(other.id) == [subject]
    assert list(told.values()) == [[], []]
