"""Stages that went past their due day: others are told, once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from audit.ledger.append import append_act
from governance import review, selectors
from governance.models import ApprovalRequest, Escalation, NoticeKind, RequestStage
from governance.services import notices
from kit.context import Actor
from kit.scoping import Scope, within
from tenants.models import Membership, Role

SYSTEM = "system"


def escalate_overdue(*, organization_id: UUID, now: datetime) -> int:
    """Escalates each open stage of an organisation that is overdue and was not escalated. Gives how many."""
    with within(Scope(organization_id), using=SYSTEM):
        found = 0
        for request in selectors.open_requests().using(SYSTEM):
            standing = review.open_stage(request)
            if standing is not None and standing.is_overdue(now):
                found += _escalate(request, standing.stage, now)
    return found


def _escalate(request: ApprovalRequest, stage: RequestStage, now: datetime) -> bool:
    _, is_new = Escalation.objects.using(SYSTEM).get_or_create(
        stage=stage,
        defaults={"organization_id": request.organization_id, "request": request, "escalated_at": now},
    )
    if not is_new:
        return False
    append_act(
        actor=Actor("system", request.organization_id, request.organization_id),
        action="governance.approval.escalated",
        object_kind="model",
        object_id=request.model_id,
        details={"request_id": str(request.id), "stage": str(stage.position)},
        using=SYSTEM,
    )
    notices.tell(
        organization_id=request.organization_id,
        people=_others(request),
        kind=NoticeKind.REVIEW_OVERDUE,
        subject_kind="approval_request",
        subject_id=request.id,
        now=now,
        once=f"overdue:{stage.id}",
        using=SYSTEM,
    )
    return True


def _others(request: ApprovalRequest) -> set[UUID]:
    """Whoever decides in the organisation or administers it, whether this stage is theirs or not."""
    deciding = Membership.objects.using(SYSTEM).filter(role__in=[Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER])
    return set(deciding.values_list("user_id", flat=True)) - {request.requested_by_id}
