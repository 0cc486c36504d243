"""How long an approval holds before it is recertified, and recertifying it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from governance import review, selectors
from governance.models import Approval, ApprovalRequest, RequestStatus, RiskTier
from governance.services import approvals, review_rules
from governance.services.approvals import Terms
from kit import clock, errors
from kit.scoping import within
from tests.governance.reviewing import decide, revise, send
from tests.governance.test_four_eyes_in_the_database import act_as, execute
from tests.support.acts import ask, draft, new_model
from tests.support.world import World

ONE = review.DEFAULTS[RiskTier.LOW]


def set_rule(world: World, tier: RiskTier, days: int | None) -> None:
    with within(world.officer.scope):
        review_rules.set_rule(
            actor=world.officer, risk_tier=tier, stages=ONE, evidence=[], recertify_days=days, now=clock.now()
        )


def renew(world: World, approval: Approval, **terms: Any) -> ApprovalRequest:
    with within(world.admin.scope):
        return approvals.submit(
            actor=world.admin,
            model=approval.model,
            justification="still needed",
            terms=Terms(**terms),
            now=clock.now(),
            renews=approval,
        )


def term(approval: Approval) -> timedelta:
    return approval.recertify_by - approval.granted_at


def test_an_approval_holds_for_a_year_where_no_rule_says_otherwise(world: World) -> None:
    assert term(world.approve(new_model(world))) == timedelta(days=365)


def test_the_database_ships_the_same_terms(world: World) -> None:
    for tier in RiskTier:
        set_rule(world, tier, None)
        approval = world.approve(new_model(world), risk_tier=tier)
        assert term(approval) == timedelta(days=review.RECERTIFY_DAYS[tier])


def test_an_organisation_sets_its_own_terms_for_what_is_granted_from_then_on(world: World, other_world: World) -> None:
    before = world.approve(new_model(world))
    set_rule(world, RiskTier.LOW, 30)
    set_rule(world, RiskTier.MEDIUM, None)
    assert term(world.approve(new_model(world))) == timedelta(days=30)
    assert term(world.approve(new_model(world), risk_tier=RiskTier.MEDIUM)) == timedelta(days=365)
    assert term(other_world.approve(new_model(other_world))) == timedelta(days=365)
    assert term(before) == timedelta(days=365)
    with within(world.officer.scope):
        assert review.recertify_days(RiskTier.LOW) == 30


@pytest.mark.parametrize("days", [0, -1, 731])
def test_a_term_is_a_sensible_one(world: World, days: int) -> None:
    with pytest.raises(errors.InvalidRequest):
        set_rule(world, RiskTier.LOW, days)


def test_an_approval_is_recertified_before_it_expires(world: World) -> None:
    end = clock.now() + timedelta(days=9)
    assert world.approve(new_model(world), expires_at=end).recertify_by == end


def test_an_approval_is_live_until_then(world: World) -> None:
    approval = world.approve(new_model(world))
    moment = approval.recertify_by
    with within(world.system.scope):
        assert selectors.live_approvals(moment - timedelta(microseconds=1)).get() == approval
        assert not selectors.live_approvals(moment).exists()
    assert approval.is_live(moment - timedelta(microseconds=1))
    assert not approval.is_live(moment)


def test_nobody_puts_the_day_off(world: World) -> None:
    approval = world.approve(new_model(world))
    later = "UPDATE governance_approval SET recertify_by = recertify_by + interval '1 day' WHERE id = %s"
    with pytest.raises(IntegrityError, match="not prolonged"), within(act_as(world, world.officer.id)):
        execute(later, approval.id)


def test_recertifying_goes_through_the_review_and_takes_the_place_of_what_it_renews(world: World) -> None:
    approval = world.approve(new_model(world))
    with clock.shifted(timedelta(days=364)):
        request = renew(world, approval)
        assert request.renews_id == approval.id
        with pytest.raises(errors.Forbidden):
            decide(world.admin, request)
        renewed = decide(world.officer, request)
        assert renewed.recertify_by == renewed.granted_at + timedelta(days=365)
        with within(world.system.scope):
            assert selectors.live_approvals(clock.now()).get() == renewed
            assert Approval.objects.get(id=approval.id).ended_at == renewed.granted_at


def test_what_is_overdue_or_expired_is_renewed(world: World) -> None:
    approval = world.approve(new_model(world), expires_at=clock.now() + timedelta(days=1))
    with clock.shifted(timedelta(days=400)):
        assert decide(world.officer, renew(world, approval)).is_live(clock.now())


def test_what_has_ended_and_what_is_of_another_model_is_not_renewed(world: World) -> None:
    approval = world.approve(new_model(world))
    other = new_model(world)
    with pytest.raises(errors.InvalidRequest), within(world.admin.scope):
        approvals.submit(
            actor=world.admin,
            model=other,
            justification="letters",
            terms=Terms(),
            now=clock.now(),
            renews=approval,
        )
    decide(world.officer, renew(world, approval))
    with within(world.system.scope):
        approval.refresh_from_db()
    with pytest.raises(errors.Conflict):
        renew(world, approval)


def test_a_decision_signs_what_is_renewed(world: World) -> None:
    approval = world.approve(new_model(world))
    request = renew(world, approval)
    request.renews = None
    with within(world.system.scope):
        assert approvals.content_hash(request) != request.content_hash


def test_the_database_renews_approvals_of_the_same_model_only(world: World, other_world: World) -> None:
    request = ask(world)
    for approval in (world.approve(new_model(world)), other_world.approve(new_model(other_world))):
        with pytest.raises(IntegrityError), within(act_as(world, world.admin.id)):
            ApprovalRequest.across_tenants.create(
                organization=world.organization,
                model_id=request.model_id,
                status=RequestStatus.DRAFT,
                justification="letters",
                content_hash="0" * 64,
                requested_by_id=world.admin.id,
                requested_at=clock.now(),
                renews_id=approval.id,
            )


def test_what_a_request_renews_does_not_change(world: World) -> None:
    request, approval = draft(world), world.approve(new_model(world))
    changed = ApprovalRequest.across_tenants.using("system").filter(id=request.id)
    with pytest.raises(IntegrityError, match="does not change"):
        changed.update(renews_id=approval.id)


def test_a_renewal_is_revised_like_any_request(world: World) -> None:
    approval = world.approve(new_model(world))
    request = renew(world, approval)
    decide(world.officer, request, "request_changes")
    revised = revise(world.admin, request, regions=["eu"])
    sent = send(world.admin, revised)
    assert (sent.status, sent.renews_id) == (RequestStatus.SUBMITTED, approval.id)
    assert decide(world.officer, sent).regions == ["eu"]
