"""What it takes to approve, per risk tier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from audit.ledger.append import append_act
from governance.completeness import asked_in
from governance.models import EvidenceKind, NoticeKind, ReviewRule, RiskTier
from governance.review import RECERTIFY_DAYS, StageRule
from governance.services import notices
from governance.services.approvals.signing import REVIEW
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import Organization

MOST_STAGES = 5
MOST_NEEDED = 10
MOST_DAYS = 90
MOST_RECERTIFY_DAYS = 730


def set_rule(
    *,
    actor: Actor,
    risk_tier: RiskTier,
    stages: Sequence[StageRule],
    now: datetime,
    recertify_days: int | None = None,
    evidence: Sequence[EvidenceKind] | None = None,
) -> ReviewRule:
    """Replaces the rule of a tier, for requests that are submitted from then on: those that wait keep their stages.
    Whoever else reviews is told.

    `recertify_days` is how long approvals hold that are granted from then on; without it, as long as is shipped.
    `evidence` are the kinds that somebody who approves needs; without it, those that are asked for now.

    Raises `errors.InvalidRequest` for a stage that nobody can complete.
    """
    permissions.require(actor, "governance.review_rule.manage", otp=True)
    permissions.require_reach(actor, None)
    _check(stages)
    _check_recertification(recertify_days)
    with transaction.atomic():
        Organization.objects.select_for_update().get(id=actor.organization_id)
        newest = ReviewRule.objects.filter(risk_tier=risk_tier).aggregate(number=Max("number"))["number"]
        rule = ReviewRule.objects.create(
            organization_id=actor.organization_id,
            risk_tier=risk_tier,
            number=(newest or 0) + 1,
            stages=[stage.as_json() for stage in stages],
            recertify_days=recertify_days,
            evidence=sorted(set(asked_in(risk_tier) if evidence is None else evidence)),
            set_by_id=actor.id,
            set_at=now,
        )
        append_act(
            actor=actor,
            action="governance.review_rule.set",
            object_kind="review_rule",
            object_id=rule.id,
            details={
                "risk_tier": risk_tier.label.lower(),
                "number": str(rule.number),
                "stages": str(len(stages)),
                "recertify_days": str(recertify_days or RECERTIFY_DAYS[risk_tier]),
            },
        )
        notices.tell_holders(
            act=REVIEW,
            actor=actor,
            kind=NoticeKind.RULES_CHANGED,
            subject_kind="review_rule",
            subject_id=rule.id,
            now=now,
        )
    return rule


def _check(stages: Sequence[StageRule]) -> None:
    if not 1 <= len(stages) <= MOST_STAGES:
        raise errors.InvalidRequest(f"A rule has between 1 and {MOST_STAGES} stages.", param="stages")
    for stage in stages:
        if not stage.roles or any(REVIEW not in permissions.ACTS[role] for role in stage.roles):
            raise errors.InvalidRequest("A stage names roles that review.", param="roles")
        if not 1 <= stage.needed <= MOST_NEEDED:
            raise errors.InvalidRequest(f"A stage needs between 1 and {MOST_NEEDED} approvals.", param="needed")
        if not 1 <= stage.due_days <= MOST_DAYS:
            raise errors.InvalidRequest(f"A stage is due within 1 to {MOST_DAYS} days.", param="due_days")


def _check_recertification(days: int | None) -> None:
    if days is not None and not 1 <= days <= MOST_RECERTIFY_DAYS:
        raise errors.InvalidRequest(
            f"An approval is recertified within 1 to {MOST_RECERTIFY_DAYS} days.", param="recertify_days"
        )
