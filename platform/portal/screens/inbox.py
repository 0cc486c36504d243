"""The approval inbox: what waits for a decision, why, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance import comparison, selectors
from governance.models import Approval, ApprovalRequest, RequestStatus
from kit import clock
from kit.context import Actor
from portal.screens.guard import screen
from tenants.models import Team
from tenants.selectors import names_of

# A request should be decided within this time; past it, it is shown as overdue.
REVIEW_WITHIN = timedelta(days=3)
_DECIDED_SHOWN = 50
TABS = [("waiting", "Waiting"), ("overdue", "Overdue"), ("mine", "My requests"), ("decided", "Decided")]


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the inbox. `why` it waits, or how it ended. `is_own`: whoever looks asked for it, so decides not."""

    request: ApprovalRequest
    requester: str
    why: str
    due_at: datetime
    is_overdue: bool
    is_own: bool


@screen("governance.register.view")
def inbox(request: HttpRequest, actor: Actor) -> HttpResponse:
    tab = request.GET.get("tab", "waiting")
    waiting = items(list(selectors.open_requests()), actor)
    shown = {
        "overdue": [item for item in waiting if item.is_overdue],
        "mine": items(list(_asked_by(actor)), actor),
        "decided": items(list(_decided()), actor),
    }.get(tab, waiting)
    counts = {"waiting": len(waiting), "overdue": sum(item.is_overdue for item in waiting)}
    may_ask = actor.may("governance.approval.request")
    tabs = [(name, title) for name, title in TABS if may_ask or name != "mine"]
    context = {"tab": tab, "tabs": tabs, "items": shown, "counts": counts, "may_ask": may_ask}
    return render(request, "portal/approvals/inbox.html", context)


def items(requests: list[ApprovalRequest], actor: Actor) -> list[Item]:
    """Rows for these requests, in their order."""
    now = clock.now()
    names = _names_in(requests)
    teams = team_names()
    in_force = approvals_in_force({request.model_id for request in requests})
    return [
        Item(
            request=request,
            requester=names[request.requested_by_id],
            why=_ending(request, names)
            or comparison.summary(comparison.compare(request, in_force.get(request.model_id), teams)),
            due_at=request.requested_at + REVIEW_WITHIN,
            is_overdue=request.status == RequestStatus.SUBMITTED and now > request.requested_at + REVIEW_WITHIN,
            is_own=request.requested_by_id == actor.id,
        )
        for request in requests
    ]


def _names_in(requests: list[ApprovalRequest]) -> dict[UUID, str]:
    deciders = [decision.decided_by_id for request in requests for decision in request.decisions.all()]
    return names_of([*(request.requested_by_id for request in requests), *deciders])


def _ending(request: ApprovalRequest, names: dict[UUID, str]) -> str:
    """Empty while it is open."""
    if request.status == RequestStatus.SUBMITTED:
        return ""
    decision = next(iter(request.decisions.all()), None)
    return f"{request.get_status_display()} by {names[decision.decided_by_id]}" if decision else "Taken back"


def next_for(actor: Actor) -> ApprovalRequest | None:
    """The oldest request that this person may decide."""
    return selectors.open_requests().exclude(requested_by_id=actor.id).first()


def approvals_in_force(model_ids: set[UUID]) -> dict[UUID, Approval]:
    """By model; a model has one at most."""
    live = selectors.live_approvals(clock.now()).filter(model_id__in=model_ids)
    return {approval.model_id: approval for approval in live}


def team_names() -> dict[UUID, str]:
    return {team.id: team.name for team in Team.objects.all()}


def _asked_by(actor: Actor) -> QuerySet[ApprovalRequest]:
    return (
        ApprovalRequest.objects.filter(requested_by_id=actor.id)
        .select_related("model")
        .prefetch_related("decisions")[:_DECIDED_SHOWN]
    )


def _decided() -> QuerySet[ApprovalRequest]:
    decided = ApprovalRequest.objects.exclude(status=RequestStatus.SUBMITTED)
    return decided.select_related("model").prefetch_related("decisions")[:_DECIDED_SHOWN]
