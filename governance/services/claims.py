"""Saying that one reviews a request, so that two people do not begin at once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from governance import review
from governance.models import ApprovalRequest, Claim
from governance.services.approvals.reach import append_act_on, end_claim, lock
from governance.services.approvals.signing import rights
from kit import errors
from kit.context import Actor


def claim(*, actor: Actor, request: ApprovalRequest, now: datetime, takes_over: bool = False) -> Claim:
    """Claims a request for eight hours; again changes nothing. A claim that is over stands in nobody's way.

    Raises `errors.Forbidden` for whoever may not sign in the open stage, `errors.Conflict` where nothing is open or,
    unless one `takes_over`, where somebody else is at it.
    """
    with transaction.atomic():
        locked = lock(request)
        standing = review.open_stage(locked)
        if standing is None:
            raise errors.Conflict("Nothing is to be reviewed here.")
        if not rights(actor, locked, standing.stage, now):
            raise errors.Forbidden("You do not decide in this stage.")
        held = Claim.objects.filter(request=locked, ended_at__isnull=True).first()
        if held is not None and held.is_live(now):
            if held.claimed_by_id == actor.id:
                return held
            if not takes_over:
                raise errors.Conflict("Somebody else reviews it. Take it over if they do not.")
        end_claim(locked, now)
        made = Claim.objects.create(
            organization_id=locked.organization_id, request=locked, claimed_by_id=actor.id, claimed_at=now
        )
        taken = {"taken_from_id": str(held.claimed_by_id)} if held is not None and held.is_live(now) else {}
        append_act_on(actor, "governance.approval.claimed", locked, **taken)
    return made


def release(*, actor: Actor, request: ApprovalRequest, now: datetime) -> None:
    """Gives one's own claim back. Changes nothing where there is none.

    Raises `errors.Forbidden` for a claim of somebody else.
    """
    with transaction.atomic():
        locked = lock(request)
        held = Claim.objects.filter(request=locked, ended_at__isnull=True).first()
        if held is None or not held.is_live(now):
            return
        if held.claimed_by_id != actor.id:
            raise errors.Forbidden("Somebody else's claim is taken over, not released.")
        end_claim(locked, now)
        append_act_on(actor, "governance.approval.claim_released", locked)
