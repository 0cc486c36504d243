"""Asking for, deciding on and ending the permission to call a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from audit.ledger.append import append_act
from audit.ledger.envelope import canonical
from governance import hints
from governance.models import Approval, ApprovalRequest, Decision, Model, RequestStatus, Verdict
from governance.models.approval import Conditions
from governance.workflows import require_step
from kit import errors
from kit.context import Actor
from kit.data_class import DataClass
from tenants import permissions
from tenants.models import Team


@dataclass(frozen=True, slots=True)
class Terms:
    """The conditions asked for. Empty sequences mean any."""

    teams: Sequence[UUID] = ()
    regions: Sequence[str] = ()
    max_data_class: DataClass = DataClass.INTERNAL
    expires_at: datetime | None = None


def submit(*, actor: Actor, model: Model, justification: str, terms: Terms, now: datetime) -> ApprovalRequest:
    """Asks for an approval.

    Raises `errors.Conflict` while another request for the model is open, `errors.InvalidRequest` for an unknown team.
    """
    permissions.require(actor, "governance.approval.request")
    _check_teams(terms.teams)
    with transaction.atomic():
        locked = Model.objects.select_for_update().get(id=model.id)
        if locked.approval_requests.filter(status=RequestStatus.SUBMITTED).exists():
            raise errors.Conflict("This model already waits for a decision.")
        request = ApprovalRequest(
            organization_id=actor.organization_id,
            model=locked,
            justification=justification,
            teams=list(terms.teams),
            regions=list(terms.regions),
            max_data_class=terms.max_data_class,
            expires_at=terms.expires_at,
            requested_by_id=actor.id,
            requested_at=now,
        )
        request.content_hash = content_hash(request)
        request.full_clean(exclude=["requested_at"])
        request.save(force_insert=True)
        _record(actor, "governance.approval.requested", request, {"content_hash": request.content_hash})
        hints.approvals_changed(actor.organization_id)
    return request


def approve(*, actor: Actor, request: ApprovalRequest, reason: str, signed_hash: str, now: datetime) -> Approval:
    """Grants the permission, in place of any earlier approval of the model.

    `signed_hash` is the `content_hash` of what the person had on the screen; `errors.Conflict` where that is
    no longer what is asked. `errors.Forbidden` for the requester, or without a one-time password.
    """
    with transaction.atomic():
        locked = _decide(actor, request, Verdict.APPROVE, reason, signed_hash, now)
        locked.model.approvals.filter(ended_at__isnull=True).update(ended_at=now)
        approval = Approval.objects.create(
            organization_id=locked.organization_id,
            model=locked.model,
            request=locked,
            teams=locked.teams,
            regions=locked.regions,
            max_data_class=locked.max_data_class,
            expires_at=locked.expires_at,
            granted_at=now,
        )
        _record(
            actor,
            "governance.approval.approved",
            locked,
            {"approval_id": str(approval.id), "signed_hash": signed_hash},
        )
    return approval


def reject(*, actor: Actor, request: ApprovalRequest, reason: str, signed_hash: str, now: datetime) -> ApprovalRequest:
    """Refuses the permission. Errors as in `approve`."""
    with transaction.atomic():
        locked = _decide(actor, request, Verdict.REJECT, reason, signed_hash, now)
        _record(actor, "governance.approval.rejected", locked, {"signed_hash": signed_hash})
    return locked


def withdraw(*, actor: Actor, request: ApprovalRequest) -> ApprovalRequest:
    """Takes one's own request back."""
    with transaction.atomic():
        locked = ApprovalRequest.objects.select_for_update().get(id=request.id)
        if locked.requested_by_id != actor.id:
            raise errors.Forbidden("Only the requester withdraws a request.")
        _move(locked, RequestStatus.WITHDRAWN)
        _record(actor, "governance.approval.withdrawn", locked, {})
        hints.approvals_changed(actor.organization_id)
    return locked


def content_hash(request: ApprovalRequest) -> str:
    """SHA-256, in hex, of the canonical form of what is asked; the same whichever zone its end is written in."""
    asked = {
        "model_id": str(request.model_id),
        "version": request.model.version,
        "justification": request.justification,
        "teams": sorted(str(team) for team in request.teams),
        "regions": sorted(request.regions),
        "max_data_class": int(request.max_data_class),
        "expires_at": request.expires_at.astimezone(UTC).isoformat() if request.expires_at else None,
    }
    return hashlib.sha256(canonical(asked)).hexdigest()


def _decide(
    actor: Actor, request: ApprovalRequest, verdict: Verdict, reason: str, signed_hash: str, now: datetime
) -> ApprovalRequest:
    permissions.require(actor, "governance.approval.decide", otp=True)
    if not reason.strip():
        raise errors.InvalidRequest("A decision needs a reason.", param="reason")
    locked = ApprovalRequest.objects.select_for_update(of=("self",)).select_related("model").get(id=request.id)
    _require_reach(actor, locked)
    if locked.requested_by_id == actor.id:
        raise errors.Forbidden("Whoever requests does not decide.", code="separation_of_duties")
    if signed_hash != content_hash(locked):
        raise errors.Conflict("What is asked has changed since it was shown.")
    _move(locked, RequestStatus.APPROVED if verdict is Verdict.APPROVE else RequestStatus.REJECTED)
    Decision.objects.create(
        organization_id=locked.organization_id,
        request=locked,
        requested_by_id=locked.requested_by_id,
        decided_by_id=actor.id,
        verdict=verdict,
        reason=reason,
        signed_hash=signed_hash,
        decided_at=now,
    )
    hints.approvals_changed(actor.organization_id)
    return locked


def _require_reach(actor: Actor, binding: Conditions) -> None:
    """Whoever has a role in some teams only decides on what binds no others."""
    everybody: list[UUID | None] = [None]
    for team_id in binding.teams or everybody:
        permissions.require_reach(actor, team_id)


def _check_teams(team_ids: Sequence[UUID]) -> None:
    if Team.objects.filter(id__in=team_ids).count() != len(set(team_ids)):
        raise errors.InvalidRequest("A team is unknown.", param="teams")


def _move(request: ApprovalRequest, status: RequestStatus) -> None:
    require_step(request.status, status)
    request.status = status
    request.save(update_fields=["status"])


def _record(actor: Actor, action: str, request: ApprovalRequest, details: dict[str, str]) -> None:
    append_act(
        actor=actor,
        action=action,
        object_kind="model",
        object_id=request.model_id,
        details={"request_id": str(request.id), **details},
    )
