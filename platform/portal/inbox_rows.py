"""Rows of the inbox: why a request waits, how far it is, and who is at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance import comparison, completeness, review, selectors
from governance.models import Approval, ApprovalRequest, Claim, RequestStatus, UseCase
from governance.services.approvals import queue
from kit import clock
from kit.context import Actor
from tenants.models import Team
from tenants.selectors import names_of


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the inbox. `why` it waits, or how it ended. `standing` is the stage that is open, if one is. `claim` is
    who is at it. `is_own`: whoever looks asked for it, so decides not."""

    request: ApprovalRequest
    requester: str
    why: str
    standing: review.Standing | None
    complete: completeness.Completeness
    claim: Claim | None
    claimed_by: str
    due_at: datetime | None
    is_overdue: bool
    is_escalated: bool
    is_own: bool


def items(requests: list[ApprovalRequest], actor: Actor) -> list[Item]:
    """Rows for these requests, in their order. Of each, what `queue.READ` names has been prefetched."""
    now, ids = clock.now(), [request.id for request in requests]
    claims, escalated = queue.live_claims(ids, now), queue.escalated(ids)
    names = _names_in(requests, claims)
    named = condition_names()
    in_force = approvals_in_force({request.model_id for request in requests})
    found = []
    for request in requests:
        standing, claim = review.open_stage(request), claims.get(request.id)
        item = Item(
            request=request,
            requester=names[request.requested_by_id],
            why=_ending(request, names)
            or comparison.summary(comparison.compare(request, in_force.get(request.model_id), named)),
            standing=standing,
            complete=completeness.of(request, now),
            claim=claim,
            claimed_by=names[claim.claimed_by_id] if claim else "",
            due_at=standing.due_at if standing else None,
            is_overdue=standing is not None and standing.is_overdue(now),
            is_escalated=request.id in escalated,
            is_own=request.requested_by_id == actor.id,
        )
        found.append(item)
    return found


def approvals_in_force(model_ids: set[UUID]) -> dict[UUID, Approval]:
    """By model; a model has one at most."""
    live = selectors.live_approvals(clock.now()).filter(model_id__in=model_ids)
    return {approval.model_id: approval for approval in live}


def condition_names() -> dict[UUID, str]:
    """Of teams and use cases that conditions may name, as far as whoever looks may see them."""
    teams = Team.objects.order_by().values_list("id", "name")
    return dict(teams) | dict(UseCase.objects.order_by().values_list("id", "slug"))


def _names_in(requests: list[ApprovalRequest], claims: dict[UUID, Claim]) -> dict[UUID, str]:
    deciders = [decision.decided_by_id for request in requests for decision in request.decisions.all()]
    claimers = [claim.claimed_by_id for claim in claims.values()]
    return names_of([*(request.requested_by_id for request in requests), *deciders, *claimers])


def _ending(request: ApprovalRequest, names: dict[UUID, str]) -> str:
    """Empty while it is open."""
    if request.is_open:
        return ""
    if request.status == RequestStatus.DRAFT:
        return "Not sent yet"
    if request.status == RequestStatus.WITHDRAWN:
        return "Taken back"
    decision = list(request.decisions.all())[-1]
    return f"{request.get_status_display()} by {names[decision.decided_by_id]}"
