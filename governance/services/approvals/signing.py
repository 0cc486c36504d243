"""Whose right a decision uses: one's own role, or that of somebody who has delegated it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from governance import review
from governance.models import ApprovalRequest, Delegation, RequestStage
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import Membership

REVIEW = "governance.approval.review"


def require_right(
    actor: Actor, request: ApprovalRequest, stage: RequestStage, principal_id: UUID, now: datetime
) -> None:
    """Raises `errors.Forbidden` unless the actor may sign in this stage, in their own right or the principal's, and
    `errors.Conflict` for somebody who has decided on this revision already."""
    if request.requested_by_id in (actor.id, principal_id):
        raise errors.Forbidden(
            "Whoever requests does not decide, nor anybody in their place.", code="separation_of_duties"
        )
    if review.has_lowered(request, actor.id) or review.has_lowered(request, principal_id):
        raise errors.Forbidden(
            "Whoever puts a request into a lower tier does not decide on it, nor anybody in their place.",
            code="separation_of_duties",
        )
    if principal_id == actor.id:
        permissions.require(actor, REVIEW, otp=True)
    else:
        permissions.require(actor, "portal.view", otp=True)
        if not _delegations(actor, now).filter(delegator_id=principal_id).exists():
            raise errors.Forbidden("Nobody has delegated this to you for now.")
    if not _holds_role(actor, principal_id, stage, request):
        raise errors.Forbidden(f"This stage is decided by: {', '.join(stage.roles).replace('_', ' ')}.")
    if review.has_decided(request, actor.id) or review.has_decided(request, principal_id):
        raise errors.Conflict(
            "You have decided on this already, or somebody did by delegation.", code="already_decided"
        )


def rights(actor: Actor, request: ApprovalRequest, stage: RequestStage, now: datetime) -> list[UUID]:
    """Those by whose right the actor may sign in this stage once a one-time password is given; oneself first."""
    verified = replace(actor, otp_verified=True)
    return [person for person in (actor.id, *delegators_of(actor, now)) if _may(verified, request, stage, person, now)]


def delegators_of(actor: Actor, now: datetime) -> list[UUID]:
    """Those who let the actor decide in their place now."""
    rows = _delegations(actor, now).order_by("delegator_id").values_list("delegator_id", flat=True)
    return list(rows.distinct())


def _may(actor: Actor, request: ApprovalRequest, stage: RequestStage, principal_id: UUID, now: datetime) -> bool:
    try:
        require_right(actor, request, stage, principal_id, now)
    except (errors.Forbidden, errors.Conflict):
        return False
    return True


def _delegations(actor: Actor, now: datetime) -> QuerySet[Delegation]:
    return Delegation.objects.filter(delegate_id=actor.id, starts_at__lte=now, ends_at__gt=now)


def _holds_role(actor: Actor, person_id: UUID, stage: RequestStage, request: ApprovalRequest) -> bool:
    """Whether somebody who is still active has a role of the stage, for everything the request binds."""
    return any(
        None in teams or (request.teams and set(request.teams) <= teams)
        for role, teams in teams_by_role(actor, person_id).items()
        if role in stage.roles
    )


def teams_by_role(actor: Actor, person_id: UUID) -> dict[str, set[UUID | None]]:
    """The roles of somebody who is still active with the teams they have them in, `None` for the whole organisation;
    of the actor, those alone of the capacity in which they act."""
    held = Membership.objects.filter(user_id=person_id, user__is_active=True)
    teams_of: dict[str, set[UUID | None]] = {}
    for role, team_id in held.values_list("role", "team_id"):
        if person_id != actor.id or permissions.ACTS[role] <= actor.acts:
            teams_of.setdefault(role, set()).add(team_id)
    return teams_of
