"""The tier of a request: computed from answers, never lowered by whoever asks, overridden with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from governance import review, risk
from governance.models import AiActClass, ApprovalRequest, Questionnaire, RequestStatus, RiskTier, TierOverride
from governance.questionnaire import Definition
from governance.services import approvals, questionnaires, use_cases
from governance.services.approvals import queue
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tenants.models import Role
from tests.governance.reviewing import decide, fresh, override_tier, revise, send
from tests.governance.test_four_eyes_in_the_database import act_as, sign
from tests.governance.test_queue import delegate
from tests.support.acts import description, new_use_case
from tests.support.answers import defined, harmless
from tests.support.asked import ask, draft
from tests.support.world import World, without_second_factor

LOW, MEDIUM, HIGH = RiskTier
BAD = harmless(personal_data="personal", autonomy="acts")


def set_version(actor: Actor, definition: Definition | None = None) -> Questionnaire:
    with within(actor.scope):
        return questionnaires.set_version(actor=actor, definition=definition or defined(), now=clock.now())


def written(world: World, request: ApprovalRequest, actor: Actor | None = None, **columns: Any) -> None:
    """By raw SQL of the portal's role, past every service."""
    with transaction.atomic(), within((actor or world.admin).scope):
        ApprovalRequest.objects.filter(id=request.id).update(**columns)


def test_the_tier_follows_from_answers_whatever_is_stated(world: World) -> None:
    for answers, tier in ((harmless(), LOW), (BAD, MEDIUM), (harmless(persons="alone"), HIGH)):
        request = ask(world, answers=answers, risk_tier=LOW)
        assert (request.risk_tier, request.computed_tier, request.answers) == (tier, tier, answers)
    assert ask(world, risk_tier=MEDIUM).computed_tier is None


def test_a_use_case_of_high_risk_makes_a_request_high(world: World) -> None:
    use_case = new_use_case(world, ai_act_class=AiActClass.HIGH)
    request = ask(world, answers=harmless(), use_cases=[use_case.id])
    assert (request.risk_tier, request.computed_tier) == (HIGH, HIGH)
    with within(world.admin.scope):
        assert use_case.slug in risk.assessment(request).because


def test_answers_are_part_of_what_is_signed_and_none_leave_the_hash_as_it_was(world: World) -> None:
    request = draft(world)
    hashes = {request.content_hash}
    for answers in (harmless(), harmless(remarks="urgent"), BAD):
        request = revise(world.admin, request, answers=answers)
        hashes.add(request.content_hash)
    assert len(hashes) == 4
    with within(world.system.scope):
        kept = list(request.revisions.values_list("answers", "computed_tier"))
    assert kept == [(None, None), (harmless(), LOW), (harmless(remarks="urgent"), LOW), (BAD, MEDIUM)]


def test_a_request_that_has_answers_is_not_revised_to_have_none(world: World) -> None:
    request = draft(world, answers=BAD)
    with pytest.raises(errors.InvalidRequest):
        revise(world.admin, request, risk_tier=LOW, regions=["eu"])


def test_an_officer_lowers_the_tier_with_a_reason_that_stays(world: World) -> None:
    request = ask(world, answers=BAD)
    lowered = override_tier(world.officer, request, LOW, reason="a pilot of two weeks")
    assert (lowered.risk_tier, lowered.computed_tier, lowered.revision) == (LOW, MEDIUM, 2)
    with within(world.officer.scope):
        told = TierOverride.objects.get(request=request)
    assert (told.from_tier, told.risk_tier, told.reason) == (MEDIUM, LOW, "a pilot of two weeks")
    assert decide(world.person("otto", Role.COMPLIANCE_OFFICER), lowered) is not None


def test_whoever_lowers_the_tier_does_not_decide_in_it_nor_anybody_in_their_place(world: World) -> None:
    otto, helper = world.person("otto", Role.COMPLIANCE_OFFICER), world.person("hal", Role.AUDITOR)
    lowered = override_tier(world.officer, ask(world, risk_tier=HIGH), LOW)
    delegate(world.officer, helper)
    for actor, principal in ((world.officer, None), (helper, world.officer.id)):
        for verdict in ("approve", "reject", "request_changes"):
            with pytest.raises(errors.Forbidden) as told:
                decide(actor, lowered, verdict, in_place_of=principal)
            assert told.value.code == "separation_of_duties"
    with within(world.officer.scope):
        standing = review.open_stage(lowered)
        assert standing is not None
        assert review.reviewers(lowered, standing.stage) == [otto.id]
        assert not queue.to_decide(world.officer, clock.now())
    raised_a_little = override_tier(world.officer, lowered, MEDIUM)
    with pytest.raises(errors.Forbidden):
        decide(world.officer, raised_a_little)
    as_it_was = override_tier(world.officer, raised_a_little, HIGH)
    assert decide(world.officer, as_it_was) is None


def test_the_database_lets_nobody_decide_in_a_tier_that_they_lowered(world: World) -> None:
    lowered = override_tier(world.officer, ask(world, risk_tier=HIGH), LOW)
    with pytest.raises(IntegrityError, match="into a lower tier"), within(act_as(world, world.officer.id)):
        sign(lowered, world.officer.id)


def test_a_use_case_of_high_risk_makes_a_request_high_that_answers_nothing(world: World) -> None:
    use_case = new_use_case(world, ai_act_class=AiActClass.HIGH)
    request = ask(world, use_cases=[use_case.id], risk_tier=LOW)
    assert (request.risk_tier, request.computed_tier) == (HIGH, None)
    with pytest.raises(DatabaseError, match="computed to be high"):
        written(world, draft(world), use_cases=[use_case.id], revision=2)
    otto = world.person("otto", Role.COMPLIANCE_OFFICER)
    assert decide(otto, override_tier(world.officer, request, LOW)) is not None


@pytest.mark.parametrize("answers", [None, harmless()])
def test_what_has_become_of_high_risk_since_it_was_asked_takes_the_high_tier(
    world: World, answers: dict[str, Any] | None
) -> None:
    use_case = new_use_case(world, ai_act_class=AiActClass.MINIMAL)
    request = ask(world, use_cases=[use_case.id], answers=answers)
    with within(world.admin.scope):
        described = description(world.admin, ai_act_class=AiActClass.HIGH)
        use_cases.change(actor=world.admin, use_case=use_case, described=described)
    with pytest.raises(errors.Conflict, match=use_case.slug):
        decide(world.officer, request)
    with pytest.raises(IntegrityError, match="takes the high tier"), within(act_as(world, world.officer.id)):
        sign(request, world.officer.id)
    raised = override_tier(world.officer, request, HIGH)
    assert decide(world.officer, raised) is None


def test_nothing_is_asked_for_or_granted_whose_end_is_past(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    end = clock.now() + timedelta(hours=1)
    request = ask(world, expires_at=end)
    monkeypatch.setattr(clock, "now", lambda: end)
    with pytest.raises(errors.Conflict, match="is past"):
        decide(world.officer, request)
    with pytest.raises(errors.InvalidRequest, match="is past") as told:
        ask(world, expires_at=end)
    assert told.value.param == "expires_at"
    assert decide(world.officer, request, "reject").status == RequestStatus.REJECTED


def test_whoever_asks_does_not_override_nor_anybody_without_a_code(world: World) -> None:
    request = ask(world, world.officer, answers=BAD)
    otto = world.person("otto", Role.COMPLIANCE_OFFICER)
    for actor in (world.officer, world.admin, without_second_factor(otto)):
        with pytest.raises(errors.Forbidden):
            override_tier(actor, request, LOW)
    assert override_tier(otto, request, LOW).risk_tier == LOW


def test_what_was_lowered_is_computed_again_and_what_was_raised_stays_so_when_it_is_revised(world: World) -> None:
    otto = world.person("otto", Role.COMPLIANCE_OFFICER)
    for tier, after in ((LOW, MEDIUM), (HIGH, HIGH)):
        request = override_tier(world.officer, ask(world, answers=BAD), tier)
        decide(otto, request, "request_changes")
        assert revise(world.admin, fresh(world, request), answers=BAD, regions=["eu"]).risk_tier == after
        send(world.admin, request)


def test_the_database_takes_no_tier_below_the_computed_one(world: World) -> None:
    request = draft(world, answers=BAD)
    for columns in ({"risk_tier": LOW, "revision": 2}, {"risk_tier": LOW, "revision": 2, "regions": ["eu"]}):
        with pytest.raises(DatabaseError, match="unless an officer says why"):
            written(world, request, **columns)
    with pytest.raises(DatabaseError, match="tier_is_computed_from_answers"):
        written(world, request, revision=2, computed_tier=None)
    written(world, request, revision=2, risk_tier=HIGH)


def test_the_database_keeps_answers_of_what_is_reviewed_as_they_are(world: World) -> None:
    request = ask(world, answers=harmless())
    for columns in ({"answers": BAD}, {"answers": BAD, "revision": 2}, {"risk_tier": HIGH, "revision": 2}):
        with pytest.raises(DatabaseError, match="asks for does not change"):
            written(world, request, world.officer, **columns)


def test_the_database_takes_no_low_tier_for_a_use_case_of_high_risk(world: World) -> None:
    use_case = new_use_case(world, ai_act_class=AiActClass.HIGH)
    request = draft(world, answers=harmless())
    with pytest.raises(DatabaseError, match="computed to be high"):
        written(world, request, use_cases=[use_case.id], revision=2)


@pytest.mark.parametrize(
    "wrong",
    [{"revision": 1}, {"revision": 3}, {"from_tier": HIGH}, {"reason": " "}, {"risk_tier": MEDIUM}, {"by": "admin"}],
)
def test_the_database_takes_an_override_from_an_officer_for_the_next_revision_only(
    world: World, wrong: dict[str, Any]
) -> None:
    request = ask(world, answers=BAD)
    actor = world.admin if wrong.pop("by", None) else world.officer
    fitting = {"revision": 2, "from_tier": MEDIUM, "risk_tier": LOW, "reason": "a pilot", **wrong}
    with pytest.raises(DatabaseError), transaction.atomic(), within(actor.scope):
        TierOverride.objects.create(
            organization_id=request.organization_id,
            request=request,
            overridden_by_id=actor.id,
            overridden_at=clock.now(),
            **fitting,
        )


def test_the_database_keeps_every_override_and_version_for_good(world: World) -> None:
    override_tier(world.officer, ask(world, answers=BAD), LOW)
    set_version(world.officer)
    for rows in (TierOverride, Questionnaire):
        found = rows.across_tenants.filter(organization_id=world.organization.id)
        with within(world.officer.scope):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                found.update(organization_id=world.organization.id)
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                found.delete()


def test_a_request_keeps_the_version_that_it_answered(world: World) -> None:
    before = ask(world, answers=harmless())
    version = set_version(world.officer)
    with pytest.raises(errors.InvalidRequest):
        ask(world, answers=harmless())
    after = ask(world, answers={"acts": True, "calls": 1})
    assert (after.questionnaire_id, after.risk_tier) == (version.id, HIGH)
    with within(world.admin.scope):
        assert len(risk.assessment(fresh(world, before)).answered) == 12
        assert [each.answer for each in risk.assessment(after).answered] == ["Yes", "1"]
    assert decide(world.officer, before) is not None


def test_officers_alone_set_versions_which_are_numbered(world: World) -> None:
    for actor in (world.admin, without_second_factor(world.officer)):
        with pytest.raises(errors.Forbidden):
            set_version(actor)
    assert [set_version(world.officer).number for _ in range(2)] == [1, 2]
    with pytest.raises(errors.InvalidRequest):
        set_version(world.officer, defined(high_from=100))


def test_another_organisations_questions_and_overrides_are_not_seen(world: World, other_world: World) -> None:
    version = set_version(world.officer)
    override_tier(world.officer, ask(world, answers={"acts": True, "calls": 1}), LOW)
    with within(other_world.officer.scope):
        assert (risk.in_force().number, TierOverride.objects.count(), Questionnaire.objects.count()) == (0, 0, 0)
    theirs = draft(other_world, answers=harmless())
    with pytest.raises(DatabaseError):
        written(other_world, theirs, questionnaire_id=version.id, revision=2)


def test_a_review_without_answers_is_as_it_was(world: World) -> None:
    request = ask(world, risk_tier=MEDIUM)
    assert decide(world.officer, request) is not None
    assert fresh(world, request).status == RequestStatus.APPROVED
    with within(world.system.scope):
        assert approvals.content_hash(fresh(world, request)) == request.content_hash
