"""How an approval stands at a moment: one answer, for a row and for a query."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q

from governance.models import Approval, ApprovalState

SOON = timedelta(days=90)


def state_of(approval: Approval, at: datetime) -> ApprovalState:
    """What has ended stays so; what expires is not suspended any more; what is suspended need not be recertified."""
    if approval.ended_at is not None:
        return ApprovalState.SUPERSEDED
    if approval.expires_at is not None and approval.expires_at <= at:
        return ApprovalState.EXPIRED
    if approval.suspended_at is not None:
        return ApprovalState.SUSPENDED
    if approval.recertify_by <= at:
        return ApprovalState.RECERTIFICATION_OVERDUE
    if approval.recertify_by > at + SOON:
        return ApprovalState.IN_FORCE
    is_end = approval.recertify_by == approval.expires_at
    return ApprovalState.EXPIRING if is_end else ApprovalState.RECERTIFICATION_DUE


def in_state(state: ApprovalState, at: datetime) -> Q:
    """The same as a condition on approvals."""
    open_ended = Q(ended_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=at))
    running = open_ended & Q(suspended_at__isnull=True)
    soon = running & Q(recertify_by__gt=at, recertify_by__lte=at + SOON)
    ends = Q(expires_at__isnull=False, recertify_by=F("expires_at"))
    return {
        ApprovalState.SUPERSEDED: Q(ended_at__isnull=False),
        ApprovalState.EXPIRED: Q(ended_at__isnull=True, expires_at__lte=at),
        ApprovalState.SUSPENDED: open_ended & Q(suspended_at__isnull=False),
        ApprovalState.RECERTIFICATION_OVERDUE: running & Q(recertify_by__lte=at),
        ApprovalState.IN_FORCE: running & Q(recertify_by__gt=at + SOON),
        ApprovalState.EXPIRING: soon & ends,
        ApprovalState.RECERTIFICATION_DUE: soon & ~ends,
    }[state]


def text(approval: Approval, at: datetime) -> str:
    """In a few words, such as `expires in 12 days`."""
    state = state_of(approval, at)
    if state == ApprovalState.EXPIRING:
        return f"expires {_in_days(approval.recertify_by - at)}"
    if state == ApprovalState.RECERTIFICATION_DUE:
        return f"recertification due {_in_days(approval.recertify_by - at)}"
    return str(state.label).lower()


def _in_days(left: timedelta) -> str:
    return {0: "today", 1: "in 1 day"}.get(left.days, f"in {left.days} days")
