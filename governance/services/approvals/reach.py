"""What every act on a request has in common: its lock, its reach, its record."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from audit.ledger.append import append_act
from governance import hints
from governance.models import ApprovalRequest, RequestStatus
from governance.models.approval import Conditions
from governance.workflows import require_step
from kit.context import Actor
from tenants import permissions


def lock(request: ApprovalRequest) -> ApprovalRequest:
    """The request as it is now, held until the transaction ends. Acts on one request wait for each other here."""
    return ApprovalRequest.objects.select_for_update(of=("self",)).select_related("model").get(id=request.id)


def require_reach(actor: Actor, binding: Conditions) -> None:
    """Whoever has a role in some teams only decides on what binds no others."""
    everybody: list[UUID | None] = [None]
    for team_id in binding.teams or everybody:
        permissions.require_reach(actor, team_id)


def move(request: ApprovalRequest, status: RequestStatus) -> None:
    """Raises `errors.Conflict` unless the step is legal."""
    require_step(request.status, status)
    request.status = status
    request.save(update_fields=["status"])


def end_claim(request: ApprovalRequest, now: datetime) -> None:
    """Whoever reviewed it, nobody does any more; a part of another act."""
    request.claims.filter(ended_at__isnull=True).update(ended_at=now)


def append_act_on(actor: Actor, action: str, request: ApprovalRequest, **details: str) -> None:
    """In the ledger, and as a hint to the pages that are open."""
    append_act(
        actor=actor,
        action=action,
        object_kind="model",
        object_id=request.model_id,
        details={"request_id": str(request.id), **details},
    )
    hints.approvals_changed(actor.organization_id)
