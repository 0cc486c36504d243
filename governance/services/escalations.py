"""Stages that went past their due day: others are told, once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from audit.ledger.append import append_act
from governance.models import ApprovalRequest, Escalation, NoticeKind, RequestStage, Waiting
from governance.services import notices
from kit.context import Actor
from kit.scoping import Scope, within
from tenants.models import Membership, Role

SYSTEM = "system"


def escalate_overdue(*, organization_id: UUID, now: datetime) -> int:
    """Escalates each open stage of an organisation that is overdue and was not escalated. Gives how many."""
    with within(Scope(organization_id), using=SYSTEM):
        overdue = Waiting.objects.using(SYSTEM).filter(stage__due_at__lt=now, stage__escalation__isnull=True)
        rows = overdue.select_related("request", "stage").order_by("stage__due_at")
        return sum(_escalate(waiting.request, waiting.stage, now) for waiting in rows)


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
