"""Abuse beside the signature: evidence, conditions, recertification, claims, break glass, delegation, a model's end.

As a service is asked, or as the portal's role writes past it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from audit.selectors import content
from governance.models import (
    Approval,
    ApprovalRequest,
    BreakGlassSignature,
    Claim,
    Decision,
    Delegation,
    Evidence,
    Model,
    RequestEvidence,
    RequestStage,
    RiskTier,
)
from governance.services import approvals, claims, delegations, suspensions
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tenants.models import Role, User
from tests.governance.reviewing import decide, together
from tests.support import breaking_glass
from tests.support.acts import add_evidence, ask, granted, new_model, new_use_case
from tests.support.preparing import refused_in
from tests.support.world import World


@dataclass(frozen=True, slots=True)
class Attempt:
    actor: Actor
    do: Callable[[], Any]


Prepare = Callable[[World], Attempt]


def _evidence_after_a_signature(world: World) -> Attempt:
    request = ask(world, risk_tier=RiskTier.HIGH)
    decide(world.officer, request)
    late = add_evidence(world, world.admin, request.model)
    row = {"organization_id": request.organization_id, "request_id": request.id, "revision": request.revision}
    return Attempt(world.admin, lambda: RequestEvidence.across_tenants.create(evidence_id=late.id, **row))


def _evidence_made_better(world: World) -> Attempt:
    made = add_evidence(world, world.admin, new_model(world))
    return Attempt(world.admin, lambda: Evidence.across_tenants.filter(id=made.id).update(expires_at=None))


def _a_condition_taken_off(world: World) -> Attempt:
    approval = world.approve(new_model(world), use_cases=[new_use_case(world).id])
    return Attempt(world.officer, lambda: Approval.across_tenants.filter(id=approval.id).update(use_cases=[]))


def _recertified_by_hand(world: World) -> Attempt:
    approval, later = granted(world), clock.now() + timedelta(days=3650)
    rows = Approval.across_tenants.filter(id=approval.id)
    return Attempt(world.officer, lambda: rows.update(recertify_by=later))


def _an_ended_approval_revived(world: World) -> Attempt:
    model = new_model(world)
    first = world.approve(model)
    world.approve(model)
    return Attempt(world.officer, lambda: Approval.across_tenants.filter(id=first.id).update(ended_at=None))


def _a_stage_that_asks_for_nobody(world: World) -> Attempt:
    request = ask(world)
    return Attempt(world.officer, lambda: RequestStage.across_tenants.filter(request_id=request.id).update(needed=0))


def _a_verdict_turned_round(world: World) -> Attempt:
    request = ask(world)
    decide(world.officer, request, "reject")
    return Attempt(world.officer, lambda: Decision.across_tenants.filter(request=request).update(verdict="approve"))


def _a_claim_in_anothers_name(world: World) -> Attempt:
    request, now = ask(world), clock.now()
    row = {"organization_id": request.organization_id, "request_id": request.id, "claimed_at": now}
    return Attempt(world.admin, lambda: Claim.across_tenants.create(claimed_by_id=world.officer.id, **row))


def _a_claim_by_the_requester(world: World) -> Attempt:
    request = ask(world, world.officer)
    return Attempt(world.officer, lambda: claims.claim(actor=world.officer, request=request, now=clock.now()))


def _a_tier_raised_by_the_wrong_role(world: World) -> Attempt:
    request, admin = ask(world, world.officer), world.admin
    return Attempt(
        admin,
        lambda: approvals.override_tier(
            actor=admin, request=request, risk_tier=RiskTier.HIGH, reason="for tests", now=clock.now()
        ),
    )


def _a_delegation_prolonged(world: World) -> Attempt:
    now, officer = clock.now(), world.officer
    with within(officer.scope):
        to = User.objects.get(id=world.admin.id)
        made = delegations.delegate(actor=officer, to=to, starts_at=now, ends_at=now + timedelta(hours=1))
    rows = Delegation.across_tenants.filter(id=made.id)
    return Attempt(officer, lambda: rows.update(ends_at=now + timedelta(days=80)))


def _break_glass_countersigned_by_who_asked(world: World) -> Attempt:
    glass = breaking_glass.ask(world.officer, new_model(world))
    return Attempt(world.officer, lambda: breaking_glass.countersign(world.officer, glass))


def _break_glass_signed_past_the_service(world: World) -> Attempt:
    glass, officer = breaking_glass.ask(world.officer, new_model(world)), world.officer
    row = {"organization_id": officer.organization_id, "break_glass_id": glass.id, "kind": "countersign"}
    said = {"signed_by_id": officer.id, "reason": "So I say.", "signed_hash": glass.content_hash}
    return Attempt(officer, lambda: BreakGlassSignature.objects.create(**row, **said))


def _a_model_retired_out_of_turn(world: World) -> Attempt:
    model = new_model(world)
    return Attempt(world.admin, lambda: Model.across_tenants.filter(id=model.id).update(life="retired"))


def _a_model_suspended_by_a_reader(world: World) -> Attempt:
    model, reader = new_model(world), world.person("ann", Role.AUDITOR)
    now = clock.now()
    return Attempt(reader, lambda: suspensions.suspend(actor=reader, subject=model, reason="for tests", now=now))


CASES: dict[str, tuple[Prepare, str, str]] = {
    "evidence added after a signature": (_evidence_after_a_signature, "database.insert", "check_violation"),
    "evidence made to last": (_evidence_made_better, "database.update", "insufficient_privilege"),
    "a use case taken off an approval": (_a_condition_taken_off, "database.update", "insufficient_privilege"),
    "recertified by hand": (_recertified_by_hand, "database.update", "check_violation"),
    "an approval that has ended": (_an_ended_approval_revived, "database.update", "check_violation"),
    "a stage that asks for nobody": (_a_stage_that_asks_for_nobody, "database.update", "insufficient_privilege"),
    "a verdict turned round": (_a_verdict_turned_round, "database.update", "insufficient_privilege"),
    "a claim in another's name": (_a_claim_in_anothers_name, "database.insert", "insufficient_privilege"),
    "a claim by the requester": (_a_claim_by_the_requester, "governance.claims.claim", "permission_denied"),
    "a tier raised by the wrong role": (
        _a_tier_raised_by_the_wrong_role,
        "governance.approvals.override_tier",
        "permission_denied",
    ),
    "a delegation prolonged": (_a_delegation_prolonged, "database.update", "check_violation"),
    "break glass by one person": (
        _break_glass_countersigned_by_who_asked,
        "governance.break_glass.countersign",
        "separation_of_duties",
    ),
    "break glass past the service": (_break_glass_signed_past_the_service, "database.insert", "check_violation"),
    "a model retired out of turn": (_a_model_retired_out_of_turn, "database.update", "check_violation"),
    "a model suspended by a reader": (
        _a_model_suspended_by_a_reader,
        "governance.suspensions.suspend",
        "permission_denied",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_fails_and_is_recorded_with_what_it_was_tried_on(world: World, case: str) -> None:
    prepare, tried, code = CASES[case]
    attempt = prepare(world)
    assert refused_in(world) == []

    with pytest.raises((errors.Forbidden, DatabaseError)), within(attempt.actor.scope):
        attempt.do()

    [record] = refused_in(world)
    said = content(record)["details"]
    assert (record.actor_id, said["tried"], said["code"]) == (attempt.actor.id, tried, code)
    assert record.object_kind != "organization"


def test_of_those_who_approve_at_the_same_moment_the_others_are_on_record(world: World) -> None:
    """Whether a service refuses them, or the database, which is asked last."""
    request = ask(world)
    crowd = [world.person(f"officer{number}", Role.COMPLIANCE_OFFICER) for number in range(4)]
    outcomes = together(*(lambda actor=actor: decide(actor, request) for actor in crowd))
    refused = {actor.id for actor, outcome in zip(crowd, outcomes, strict=True) if isinstance(outcome, Exception)}
    assert len(refused) == 3
    assert {record.actor_id for record in refused_in(world)} == refused


def test_many_rows_at_once_are_refused_as_one(world: World) -> None:
    requests = [ask(world) for _ in range(3)]
    with within(world.officer.scope):
        rows = [request.id for request in requests]
        with pytest.raises(IntegrityError), transaction.atomic():
            ApprovalRequest.across_tenants.filter(id__in=rows).update(status="approved")
    [record] = refused_in(world)
    assert record.object_id in {request.model_id for request in requests}
