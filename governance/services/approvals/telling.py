"""Who hears of what becomes of a request."""

from __future__ import annotations

from uuid import UUID

from governance import review
from governance.models import ApprovalRequest, Delegation, NoticeKind, RequestStage, Verdict
from governance.services import notices
from kit import clock

_OUTCOMES = {
    Verdict.APPROVE: NoticeKind.REQUEST_APPROVED,
    Verdict.REJECT: NoticeKind.REQUEST_REJECTED,
    Verdict.REQUEST_CHANGES: NoticeKind.CHANGES_REQUESTED,
}


def tell_reviewers(request: ApprovalRequest) -> None:
    """Those who may sign in the stage that is open, once for each stage."""
    standing = review.open_stage(request)
    if standing is not None:
        _tell(request, may_sign(request, standing.stage), NoticeKind.REVIEW_WANTED, once=f"stage:{standing.stage.id}")


def tell_requester(request: ApprovalRequest, verdict: Verdict) -> None:
    """What was decided. The reason is on the page of the request."""
    _tell(request, [request.requested_by_id], _OUTCOMES[verdict])


def may_sign(request: ApprovalRequest, stage: RequestStage) -> list[UUID]:
    """In their own right or in the place of somebody who has delegated it."""
    reviewers, now = review.reviewers(request, stage), clock.now()
    live = Delegation.objects.filter(delegator_id__in=reviewers, starts_at__lte=now, ends_at__gt=now)
    delegates = set(live.values_list("delegate_id", flat=True)) - {request.requested_by_id}
    return [*reviewers, *(person for person in delegates if not review.is_bound(request, person))]


def _tell(request: ApprovalRequest, people: list[UUID], kind: NoticeKind, once: str | None = None) -> None:
    notices.tell(
        organization_id=request.organization_id,
        people=people,
        kind=kind,
        subject_kind="approval_request",
        subject_id=request.id,
        now=clock.now(),
        once=once,
    )
