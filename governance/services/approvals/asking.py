"""Asking for the permission to call a model: drafts, submission, revisions, withdrawal."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from governance.models import Approval, ApprovalRequest, Model, RequestStatus
from governance.services import life
from governance.services.approvals.content import Terms, attach, enter
from governance.services.approvals.reach import append_act_on, end_claim, lock, move
from governance.services.approvals.telling import tell_reviewers
from kit import clock, errors
from kit.context import Actor
from tenants import permissions

OPEN = (RequestStatus.SUBMITTED, RequestStatus.IN_REVIEW, RequestStatus.CHANGES_REQUESTED)
_CONTENT = [
    "justification",
    "teams",
    "use_cases",
    "caller_regions",
    "regions",
    "deployments",
    "max_data_class",
    "expires_at",
    "risk_tier",
    "questionnaire",
    "answers",
    "computed_tier",
    "content_hash",
]


def draft(
    *,
    actor: Actor,
    model: Model,
    justification: str,
    terms: Terms,
    now: datetime,
    renews: Approval | None = None,
) -> ApprovalRequest:
    """Writes down what will be asked for; nobody reviews it before it is sent."""
    permissions.require(actor, "governance.approval.request")
    with transaction.atomic():
        found = Model.objects.get(id=model.id)
        request = _new(actor, found, RequestStatus.DRAFT, renews, now)
        _write(request, justification, terms)
        append_act_on(actor, "governance.approval.drafted", request, content_hash=request.content_hash)
    return request


def submit(
    *,
    actor: Actor,
    model: Model,
    justification: str,
    terms: Terms,
    now: datetime,
    renews: Approval | None = None,
) -> ApprovalRequest:
    """Asks for an approval. The stages of the review are those that the rule in force takes for the tier.

    One that `renews` an approval recertifies it: what is granted takes its place, for another term. Raises
    `errors.Conflict` while another request for the model is open, for a retired model or an approval that has ended;
    `errors.InvalidRequest` for an unknown team, or an approval of another model.
    """
    permissions.require(actor, "governance.approval.request")
    with transaction.atomic():
        locked = _free(model)
        request = _new(actor, locked, RequestStatus.SUBMITTED, renews, now)
        _write(request, justification, terms)
        append_act_on(actor, "governance.approval.requested", request, content_hash=request.content_hash)
        tell_reviewers(request)
    return request


def revise(*, actor: Actor, request: ApprovalRequest, justification: str, terms: Terms) -> ApprovalRequest:
    """Changes what one's own request asks for, while it is a draft or changes are asked of it.

    Decisions on earlier revisions count no more. Raises `errors.Conflict` in any other state, or where nothing changes.
    """
    permissions.require(actor, "governance.approval.request")
    with transaction.atomic():
        locked = _own(actor, request)
        if not locked.is_editable:
            raise errors.Conflict(f"What a request that is {locked.get_status_display().lower()} asks does not change.")
        before = locked.content_hash
        enter(locked, justification, terms)
        if locked.content_hash == before:
            raise errors.Conflict("Nothing is asked for differently.")
        locked.revision += 1
        locked.save(update_fields=[*_CONTENT, "revision"])
        attach(locked, terms.evidence)
        append_act_on(
            actor,
            "governance.approval.revised",
            locked,
            content_hash=locked.content_hash,
            revision=str(locked.revision),
        )
    return locked


def send(*, actor: Actor, request: ApprovalRequest) -> ApprovalRequest:
    """Submits one's own draft, or sends a request back after the changes that were asked for.

    Raises `errors.Conflict` where none of them was made, or while another request for the model is open.
    """
    permissions.require(actor, "governance.approval.request")
    with transaction.atomic():
        model = Model.objects.select_for_update().get(id=request.model_id)
        locked = _own(actor, request)
        if locked.status == RequestStatus.DRAFT:
            _require_free(model)
        elif locked.decisions.filter(revision=locked.revision).exists():
            raise errors.Conflict("Changes are asked for: revise the request before it is sent back.")
        move(locked, RequestStatus.SUBMITTED)
        append_act_on(actor, "governance.approval.requested", locked, content_hash=locked.content_hash)
        tell_reviewers(locked)
    return locked


def withdraw(*, actor: Actor, request: ApprovalRequest) -> ApprovalRequest:
    """Takes one's own request back."""
    with transaction.atomic():
        locked = _own(actor, request)
        move(locked, RequestStatus.WITHDRAWN)
        end_claim(locked, clock.now())
        append_act_on(actor, "governance.approval.withdrawn", locked)
    return locked


def _new(actor: Actor, model: Model, status: RequestStatus, renews: Approval | None, now: datetime) -> ApprovalRequest:
    life.require_in_service(model, now)
    if renews is not None:
        _require_renewable(renews, model)
    return ApprovalRequest(
        organization_id=actor.organization_id,
        model=model,
        status=status,
        requested_by_id=actor.id,
        requested_at=now,
        renews=renews,
    )


def _write(request: ApprovalRequest, justification: str, terms: Terms) -> None:
    enter(request, justification, terms)
    request.save(force_insert=True)
    attach(request, terms.evidence)


def _require_renewable(approval: Approval, model: Model) -> None:
    if approval.model_id != model.id:
        raise errors.InvalidRequest("The approval to renew is of another model.", param="renews")
    if approval.ended_at is not None:
        raise errors.Conflict("An approval that has ended is not renewed; ask for another.")


def _own(actor: Actor, request: ApprovalRequest) -> ApprovalRequest:
    locked = lock(request)
    if locked.requested_by_id != actor.id:
        raise errors.Forbidden("Only the requester changes or withdraws a request.")
    return locked


def _free(model: Model) -> Model:
    locked = Model.objects.select_for_update().get(id=model.id)
    _require_free(locked)
    return locked


def _require_free(locked: Model) -> None:
    if locked.approval_requests.filter(status__in=OPEN).exists():
        raise errors.Conflict("This model already waits for a decision.")
