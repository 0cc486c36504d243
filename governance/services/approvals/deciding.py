"""Deciding on a request, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from governance import completeness, review, risk
from governance.models import Approval, ApprovalRequest, Decision, RequestStatus, Verdict, Waiver
from governance.services import life, waivers
from governance.services.approvals.content import content_hash, lack_of
from governance.services.approvals.reach import append_act_on, end_claim, lock, move, require_reach
from governance.services.approvals.signing import require_right
from governance.services.approvals.telling import tell_requester, tell_reviewers
from governance.workflows import LEADS_TO
from kit import errors
from kit.context import Actor


@dataclass(frozen=True, slots=True)
class _Signature:
    verdict: Verdict
    reason: str
    signed_hash: str
    in_place_of: UUID | None
    at: datetime
    waiver: str = ""


def approve(
    *,
    actor: Actor,
    request: ApprovalRequest,
    reason: str,
    signed_hash: str,
    now: datetime,
    in_place_of: UUID | None = None,
    waiver: str = "",
) -> Approval | None:
    """Signs in the open stage. The approval that completes the last stage grants the permission, in place of any
    earlier approval of the model; before that there is none to return.

    `signed_hash` is the `content_hash` of what the person had on the screen; `errors.Conflict` where that is
    no longer what is asked, or cannot be granted any more: its end has passed, calls could not run for a use case it
    names, or one has become of high risk. `errors.Forbidden` for the requester, for whoever put it into a lower tier,
    without a one-time password, without a role that the stage asks for, or where it would end a permission that binds
    teams they do not decide for. `in_place_of` is who has delegated the decision. Where evidence lacks, `waiver` says
    why it is done without; `errors.InvalidRequest` if it does not.
    """
    signature = _Signature(Verdict.APPROVE, reason, signed_hash, in_place_of, now, waiver.strip())
    with _deciding():
        life.hold(request.model_id)
        locked = _sign(actor, request, signature)
        if review.open_stage(locked) is not None:
            append_act_on(actor, "governance.approval.signed", locked, signed_hash=signed_hash)
            tell_reviewers(locked)
            return None
        move(locked, LEADS_TO[Verdict.APPROVE])
        approval = _grant(actor, locked, now)
        append_act_on(
            actor, "governance.approval.approved", locked, approval_id=str(approval.id), signed_hash=signed_hash
        )
        tell_requester(locked, Verdict.APPROVE)
    return approval


def reject(
    *,
    actor: Actor,
    request: ApprovalRequest,
    reason: str,
    signed_hash: str,
    now: datetime,
    in_place_of: UUID | None = None,
) -> ApprovalRequest:
    """Refuses the permission, in whatever stage. Errors as in `approve`."""
    signature = _Signature(Verdict.REJECT, reason, signed_hash, in_place_of, now)
    return _turn_down(actor, request, signature, "governance.approval.rejected")


def request_changes(
    *,
    actor: Actor,
    request: ApprovalRequest,
    reason: str,
    signed_hash: str,
    now: datetime,
    in_place_of: UUID | None = None,
) -> ApprovalRequest:
    """Gives the request back to the requester, who revises it. Errors as in `approve`."""
    signature = _Signature(Verdict.REQUEST_CHANGES, reason, signed_hash, in_place_of, now)
    return _turn_down(actor, request, signature, "governance.approval.changes_requested")


def _turn_down(actor: Actor, request: ApprovalRequest, signature: _Signature, action: str) -> ApprovalRequest:
    with _deciding():
        locked = _sign(actor, request, signature)
        move(locked, LEADS_TO[signature.verdict])
        append_act_on(actor, action, locked, signed_hash=signature.signed_hash)
        tell_requester(locked, signature.verdict)
    return locked


@contextmanager
def _deciding() -> Iterator[None]:
    """A transaction to decide in. The database has the last word where something changes at the same moment.

    Raises `errors.Conflict` where it refuses.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as refused:
        raise errors.Conflict("Something it rests on has just changed. Read it again.") from refused


def _sign(actor: Actor, request: ApprovalRequest, signature: _Signature) -> ApprovalRequest:
    """Puts the decision into the open stage of the request; gives the request, locked."""
    if not signature.reason.strip():
        raise errors.InvalidRequest("A decision needs a reason.", param="reason")
    locked = lock(request)
    require_reach(actor, locked)
    standing = _stage_to_sign(locked)
    principal_id = signature.in_place_of or actor.id
    require_right(actor, locked, standing.stage, principal_id, signature.at)
    if signature.signed_hash != content_hash(locked):
        raise errors.Conflict("What is asked has changed since it was shown.", code="content_changed")
    if signature.verdict == Verdict.APPROVE:
        _require_grantable(locked, signature.at)
        _require_reach_of_replaced(actor, locked, signature.at)
    waiver = _waiver(locked, signature)
    if locked.status == RequestStatus.SUBMITTED:
        move(locked, RequestStatus.IN_REVIEW)
    Decision.objects.create(
        organization_id=locked.organization_id,
        request=locked,
        stage=standing.stage,
        revision=locked.revision,
        requested_by_id=locked.requested_by_id,
        decided_by_id=actor.id,
        decided_for_id=principal_id,
        verdict=signature.verdict,
        reason=signature.reason,
        waiver=waiver,
        signed_hash=signature.signed_hash,
        decided_at=signature.at,
    )
    end_claim(locked, signature.at)
    return locked


def _waiver(request: ApprovalRequest, signature: _Signature) -> str:
    """Empty where nothing is waived, whatever was said."""
    lacking = completeness.of(request, signature.at).lacking
    if signature.verdict != Verdict.APPROVE or not lacking:
        return ""
    if not signature.waiver:
        told = ", ".join(f"{each.kind.label} ({each.lack})" for each in lacking)
        raise errors.InvalidRequest(f"Evidence lacks: {told}. Say why you approve without it.", param="waiver")
    return signature.waiver


def _stage_to_sign(request: ApprovalRequest) -> review.Standing:
    standing = review.open_stage(request)
    if standing is None:
        status = RequestStatus(request.status).label.lower()
        raise errors.Conflict(f"A request that is {status} is not decided on.", code="review_closed")
    return standing


def _require_grantable(request: ApprovalRequest, now: datetime) -> None:
    """Raises `errors.Conflict` for what cannot be granted any more: it is turned down, or asked otherwise."""
    life.require_in_service(request.model, now)
    if request.expires_at is not None and request.expires_at <= now:
        raise errors.Conflict("The end that is asked for is past.")
    if lack := lack_of(request.use_cases, request.teams):
        raise errors.Conflict(lack)
    if high := risk.taken_lightly(request):
        raise errors.Conflict(f"Of high risk under the EU AI Act by now: {', '.join(high)}. It takes the high tier.")


def _require_reach_of_replaced(actor: Actor, request: ApprovalRequest, now: datetime) -> None:
    """Whoever has a role in some teams only takes nothing from the others, by the signature that grants it."""
    if sum(standing.missing for standing in review.standings(request)) > 1:
        return
    for in_force in request.model.approvals.filter(ended_at__isnull=True, recertify_by__gt=now):
        try:
            require_reach(actor, in_force)
        except errors.Forbidden as refusal:
            words = "It takes the place of a permission that binds other teams too: who decides for all of them signs."
            raise errors.Forbidden(words) from refusal


def _grant(actor: Actor, request: ApprovalRequest, now: datetime) -> Approval:
    """The database gives it the day by which it is recertified."""
    waivers.end_with(actor=actor, hanging=Waiver.objects.filter(approval__model=request.model), now=now)
    request.model.approvals.filter(ended_at__isnull=True).update(ended_at=now)
    approval = Approval.objects.create(
        organization_id=request.organization_id,
        model=request.model,
        request=request,
        teams=request.teams,
        use_cases=request.use_cases,
        caller_regions=request.caller_regions,
        regions=request.regions,
        deployments=request.deployments,
        max_data_class=request.max_data_class,
        expires_at=request.expires_at,
        granted_at=now,
    )
    approval.refresh_from_db(fields=["recertify_by"])
    return approval
