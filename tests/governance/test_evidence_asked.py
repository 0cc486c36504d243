"""What evidence a decision takes: attached to what is asked, signed with it, and not done without in silence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from governance import completeness
from governance.models import (
    ApprovalRequest,
    Decision,
    Evidence,
    EvidenceKind,
    RequestEvidence,
    RequestStatus,
    RiskTier,
)
from governance.review import StageRule
from governance.services import approvals, evidence, review_rules
from governance.services.evidence import Result
from kit import clock, errors
from kit.scoping import within
from tenants.models import Role
from tests.governance.reviewing import decide, fresh, override_tier, revise, send
from tests.governance.test_four_eyes_in_the_database import act_as, sign
from tests.support.acts import add_evidence, ask, new_model
from tests.support.world import World

MEDIUM, HIGH = RiskTier.MEDIUM, RiskTier.HIGH
EVALUATION = EvidenceKind.EVALUATION


def asked(world: World, *kinds: EvidenceKind, tier: RiskTier = MEDIUM, **offered: Any) -> ApprovalRequest:
    """With a piece of evidence of each kind."""
    model = new_model(world)
    added = [add_evidence(world, world.admin, model, kind, **offered) for kind in kinds]
    return ask(world, model=model, risk_tier=tier, evidence=[row.id for row in added])


def the_evidence(world: World) -> Evidence:
    with within(world.system.scope):
        return Evidence.objects.get()


def lacks(world: World, request: ApprovalRequest, at: Any = None) -> dict[str, str]:
    with within(world.system.scope):
        return {each.kind: each.lack for each in completeness.of(fresh(world, request), at or clock.now()).lacking}


def test_each_tier_asks_for_its_evidence(world: World) -> None:
    assert lacks(world, ask(world)) == {}
    assert lacks(world, ask(world, risk_tier=MEDIUM)) == {"evaluation": "missing"}
    assert set(lacks(world, ask(world, risk_tier=HIGH))) == {"evaluation", "red_team", "dpia"}
    assert lacks(world, asked(world, EVALUATION)) == {}


def test_with_all_its_evidence_a_request_is_approved_without_further_words(world: World) -> None:
    request = asked(world, EVALUATION)
    assert decide(world.officer, request, waiver="") is not None
    with within(world.system.scope):
        assert Decision.objects.get(request=request).waiver == ""


@pytest.mark.parametrize("way", ["missing", "failed", "expired", "withdrawn"])
def test_what_lacks_is_waived_by_name_or_not_approved(world: World, way: str) -> None:
    now, told = clock.now(), dict[str, Any]()
    if way == "expired":
        told = {"expires_at": now + timedelta(days=1)}
    if way == "failed":
        told = {"result": Result("accuracy", passed=False)}
    request = asked(world, *([] if way == "missing" else [EVALUATION]), **told)
    if way == "withdrawn":
        with within(world.admin.scope):
            evidence.withdraw(actor=world.admin, evidence=the_evidence(world), reason="wrong", now=now)
    at = now + timedelta(days=2) if way == "expired" else clock.now()
    assert lacks(world, request, at) == {"evaluation": way}
    for waiver in ("", "  "):
        with pytest.raises(errors.InvalidRequest, match=rf"Evaluation \({way}\)"):
            decide(world.officer, request, waiver=waiver, now=at)
    with within(act_as(world, world.officer.id)), pytest.raises(IntegrityError, match="nobody approves without"):
        sign(request, world.officer.id, waiver=" ", decided_at=at)
    assert decide(world.officer, request, waiver="a pilot of three days", now=at) is not None
    with within(world.system.scope):
        assert Decision.objects.get(request=request).waiver == "a pilot of three days"


def test_to_turn_down_takes_no_evidence(world: World) -> None:
    for verdict in ("reject", "request_changes"):
        decide(world.officer, ask(world, risk_tier=HIGH), verdict)


def test_one_failure_is_not_outweighed_by_another_evaluation(world: World) -> None:
    model = new_model(world)
    added = [add_evidence(world, world.admin, model, result=Result("m", passed=good)) for good in (True, False)]
    request = ask(world, model=model, risk_tier=MEDIUM, evidence=[row.id for row in added])
    assert lacks(world, request) == {"evaluation": "failed"}


def test_evidence_is_part_of_what_is_signed(world: World) -> None:
    model = new_model(world)
    first = add_evidence(world, world.admin, model)
    request = ask(world, model=model, risk_tier=MEDIUM)
    decide(world.officer, request, "request_changes")
    revised = revise(world.admin, request, risk_tier=MEDIUM, evidence=[first.id])
    assert revised.content_hash != request.content_hash
    assert revised.revision == 2
    with pytest.raises(errors.Conflict):
        revise(world.admin, revised, risk_tier=MEDIUM, evidence=[first.id])
    sent = send(world.admin, revised)
    with pytest.raises(errors.Conflict, match="changed since it was shown"):
        decide(world.person("otto", Role.COMPLIANCE_OFFICER), request)
    assert decide(world.officer, sent, waiver="") is not None


def test_without_evidence_a_hash_stays_what_it_was(world: World) -> None:
    request = ask(world)
    with within(world.system.scope):
        assert approvals.content_hash(fresh(world, request), []) == request.content_hash
        row = add_evidence(world, world.admin, request.model)
        assert approvals.content_hash(fresh(world, request), [row]) != request.content_hash


def test_a_raised_tier_keeps_the_evidence(world: World) -> None:
    request = asked(world, EVALUATION)
    raised = override_tier(world.officer, request, HIGH)
    assert set(lacks(world, raised)) == {"red_team", "dpia"}
    assert decide(world.officer, raised) is None


def test_evidence_is_about_the_model_or_one_of_its_providers(world: World, other_world: World) -> None:
    model, provider = new_model(world), world.provider()
    of_another = add_evidence(world, world.admin, new_model(world))
    of_a_stranger = add_evidence(other_world, other_world.admin, new_model(other_world))
    contract = add_evidence(world, world.admin, provider, EvidenceKind.CONTRACT)
    for row in (of_another, of_a_stranger, contract):
        with pytest.raises(errors.InvalidRequest, match="about the model"):
            ask(world, model=model, evidence=[row.id])
    world.deploy(model, provider)
    assert ask(world, model=model, evidence=[contract.id]).status == RequestStatus.SUBMITTED


def test_past_the_services_evidence_is_not_slipped_under_a_signature(world: World) -> None:
    model = new_model(world)
    row, request = add_evidence(world, world.admin, model), ask(world, model=model, risk_tier=HIGH)
    elsewhere = add_evidence(world, world.admin, new_model(world))
    columns = {"organization_id": world.organization.id, "request": request}
    with within(world.admin.scope):
        for revision, found, said in ((2, row, "before anybody"), (1, elsewhere, "is about the model")):
            with pytest.raises(IntegrityError, match=said), transaction.atomic():
                RequestEvidence.across_tenants.create(**columns, revision=revision, evidence=found)
    decide(world.officer, request)
    with within(world.admin.scope), pytest.raises(IntegrityError, match="before anybody"), transaction.atomic():
        RequestEvidence.across_tenants.create(**columns, revision=1, evidence=row)


def test_what_was_slipped_in_before_a_signature_is_seen_by_its_hash(world: World) -> None:
    model = new_model(world)
    row, request = add_evidence(world, world.admin, model), ask(world, model=model)
    with within(world.admin.scope):
        columns = {"organization_id": world.organization.id, "request": request, "revision": 1}
        RequestEvidence.across_tenants.create(**columns, evidence=row)
    with pytest.raises(errors.Conflict, match="changed since it was shown"):
        decide(world.officer, request)


def test_a_rule_asks_for_other_evidence_from_then_on(world: World) -> None:
    before = ask(world, risk_tier=MEDIUM)
    stages = [StageRule((Role.COMPLIANCE_OFFICER,))]
    for kinds, lacking in (([EvidenceKind.LICENCE], {"licence"}), (None, {"licence"}), ([], set())):
        with within(world.officer.scope):
            review_rules.set_rule(actor=world.officer, risk_tier=MEDIUM, stages=stages, evidence=kinds, now=clock.now())
        assert set(lacks(world, ask(world, risk_tier=MEDIUM))) == lacking
    assert set(lacks(world, before)) == {"evaluation"}
