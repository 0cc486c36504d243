"""Having a request decided in another tier than it has, with a reason."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from governance import completeness
from governance.models import ApprovalRequest, RiskTier, TierOverride
from governance.services.approvals.content import attach, content_hash
from governance.services.approvals.reach import append_act_on, lock, require_reach
from governance.services.approvals.telling import tell_reviewers
from kit import errors
from kit.context import Actor
from tenants import permissions


def override_tier(
    *, actor: Actor, request: ApprovalRequest, risk_tier: RiskTier, reason: str, now: datetime
) -> ApprovalRequest:
    """Has an open request decided with more care, or with less. What was signed counts no more: the review begins
    anew, in the stages of that tier.

    Raises `errors.Forbidden` for the requester, `errors.Conflict` where it is that tier already or the request is not
    open, `errors.InvalidRequest` without a reason.
    """
    permissions.require(actor, "governance.approval.decide", otp=True)
    if not reason.strip():
        raise errors.InvalidRequest("Another tier needs a reason.", param="reason")
    with transaction.atomic():
        locked = lock(request)
        require_reach(actor, locked)
        if locked.requested_by_id == actor.id:
            raise errors.Forbidden("Whoever requests does not say how it is decided.", code="separation_of_duties")
        if not locked.is_open or risk_tier == locked.risk_tier:
            raise errors.Conflict("Only an open request is put into another tier.")
        _override(actor, locked, risk_tier, reason.strip(), now)
        append_act_on(
            actor,
            "governance.approval.tier_overridden",
            locked,
            risk_tier=risk_tier.label.lower(),
            content_hash=locked.content_hash,
        )
        tell_reviewers(locked)
    return locked


def _override(actor: Actor, locked: ApprovalRequest, risk_tier: RiskTier, reason: str, now: datetime) -> None:
    """The reason goes in first: the database looks for it when the tier changes."""
    TierOverride.objects.create(
        organization_id=locked.organization_id,
        request=locked,
        revision=locked.revision + 1,
        from_tier=locked.risk_tier,
        risk_tier=risk_tier,
        reason=reason,
        overridden_by_id=actor.id,
        overridden_at=now,
    )
    locked.risk_tier = risk_tier
    locked.content_hash = content_hash(locked)
    rests_on = [row.id for row in completeness.attached(locked)]
    locked.revision += 1
    locked.save(update_fields=["risk_tier", "content_hash", "revision"])
    attach(locked, rests_on)
