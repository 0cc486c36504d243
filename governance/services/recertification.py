"""Saying in time that an approval has to be recertified, and that one was not. Who recertifies asks anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from audit.ledger.append import append_act
from governance import selectors
from governance.models import Approval, NoticeKind, RiskTier, UseCase
from governance.services import notices
from governance.services.approvals.signing import REVIEW
from kit import errors
from kit.context import Actor

# Days before, the last one when it is too late.
NOTICES = (90, 30, 7, 0)

# Where something is found out about what was approved.
SOON = timedelta(days=30)


def bring_forward(approval: Approval, now: datetime) -> None:
    """Within a month, unless it is due sooner. A part of another act, which has locked the approval."""
    if now + SOON < approval.recertify_by:
        approval.recertify_by = now + SOON
        approval.save(update_fields=["recertify_by"])


def take_with_care(*, actor: Actor, use_case: UseCase, now: datetime) -> None:
    """What follows where a use case has become of high risk: each approval in force that names it, and was reviewed in
    a lower tier, is recertified within a month, and the deciders are told. A part of the act that makes it so."""
    standing = Approval.objects.filter(use_cases__contains=[use_case.id], ended_at__isnull=True, recertify_by__gt=now)
    for approval in standing.exclude(request__risk_tier=RiskTier.HIGH).select_for_update(of=("self",)):
        bring_forward(approval, now)
        append_act(
            actor=actor,
            action="governance.approval.brought_forward",
            object_kind="model",
            object_id=approval.model_id,
            details={"approval_id": str(approval.id), "use_case_id": str(use_case.id)},
        )
        notices.tell_holders(
            act=REVIEW,
            actor=actor,
            kind=NoticeKind.BROUGHT_FORWARD,
            subject_kind="approval",
            subject_id=approval.id,
            now=now,
        )


def due_notice(approval: Approval, now: datetime) -> int | None:
    """Which of the notices is to be given now: the latest that is due, unless it was given.

    One that was due before the approval was granted is not: whoever has just decided knows the day.
    """
    begun = [days for days in NOTICES if approval.granted_at <= _day_of(approval, days) <= now]
    latest = min(begun, default=None)
    if latest is None or (approval.noticed_days is not None and approval.noticed_days <= latest):
        return None
    return latest


def due(now: datetime) -> list[Approval]:
    """Approvals of the entered scope that a notice is due for."""
    near = Approval.objects.filter(ended_at__isnull=True, recertify_by__lte=now + timedelta(days=max(NOTICES)))
    return [approval for approval in near.select_related("model") if due_notice(approval, now) is not None]


def notice(*, actor: Actor, approval: Approval, now: datetime) -> int | None:
    """Tells those concerned; gives which notice it was, in days before. Again on the same day changes nothing."""
    if actor.kind != "system":
        raise errors.Forbidden("The timetable tells of recertifications.")
    with transaction.atomic():
        locked = Approval.objects.select_for_update(of=("self",)).select_related("model", "request").get(id=approval.id)
        days = due_notice(locked, now)
        if days is None or locked.ended_at is not None:
            return None
        locked.noticed_days = days
        locked.save(update_fields=["noticed_days"])
        notices.tell(
            organization_id=locked.organization_id,
            people=concerned(locked, now),
            kind=NoticeKind.RECERTIFICATION_DUE if days else NoticeKind.RECERTIFICATION_OVERDUE,
            subject_kind="approval",
            subject_id=locked.id,
            once=f"recertification:{locked.id}:{days}",
            now=now,
        )
        append_act(
            actor=actor,
            action="governance.approval.recertification_noticed",
            object_kind="model",
            object_id=locked.model_id,
            details={"approval_id": str(locked.id), "days": str(days)},
        )
    return days


def concerned(approval: Approval, now: datetime) -> set[UUID]:
    """Who asked for it, who decided on it, and the leads of the teams that call the model."""
    deciders = approval.request.decisions.values_list("decided_by_id", flat=True)
    return {approval.request.requested_by_id, *deciders, *selectors.leads_calling(approval.model.slug, now)}


def _day_of(approval: Approval, days: int) -> datetime:
    return approval.recertify_by - timedelta(days=days)
