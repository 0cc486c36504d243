"""The approval inbox: what waits for a decision, why, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance import comparison, completeness, review, selectors
from governance.models import Approval, ApprovalRequest, RequestStatus, UseCase
from kit import clock
from kit.context import Actor
from portal.screens.guard import screen
from tenants.models import Team
from tenants.selectors import names_of

_DECIDED_SHOWN = 50
_READ = ("decisions", "stages", "attached__evidence")
TABS = [("waiting", "Waiting"), ("overdue", "Overdue"), ("mine", "My requests"), ("decided", "Decided")]


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the inbox. `why` it waits, or how it ended. `standing` is the stage that is open, if one is. `is_own`:
    whoever looks asked for it, so decides not."""

    request: ApprovalRequest
    requester: str
    why: str
    standing: review.Standing | None
    complete: completeness.Completeness
    due_at: datetime | None
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
    context["unsettled"] = selectors.unsettled_break_glasses(clock.now())
    return render(request, "portal/approvals/inbox.html", context)


def items(requests: list[ApprovalRequest], actor: Actor) -> list[Item]:
    """Rows for these requests, in their order."""
    now = clock.now()
    names = _names_in(requests)
    named = condition_names()
    in_force = approvals_in_force({request.model_id for request in requests})
    found = []
    for request in requests:
        standing = review.open_stage(request)
        item = Item(
            request=request,
            requester=names[request.requested_by_id],
            why=_ending(request, names)
            or comparison.summary(comparison.compare(request, in_force.get(request.model_id), named)),
            standing=standing,
            complete=completeness.of(request, now),
            due_at=standing.due_at if standing else None,
            is_overdue=standing is not None and standing.is_overdue(now),
            is_own=request.requested_by_id == actor.id,
        )
        found.append(item)
    return found


def _names_in(requests: list[ApprovalRequest]) -> dict[UUID, str]:
    deciders = [decision.decided_by_id for request in requests for decision in request.decisions.all()]
    return names_of([*(request.requested_by_id for request in requests), *deciders])


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


def next_for(actor: Actor) -> ApprovalRequest | None:
    """The oldest request of others that this person has not decided on."""
    others = selectors.open_requests().exclude(requested_by_id=actor.id)
    return next((request for request in others if not review.has_decided(request, actor.id)), None)


def approvals_in_force(model_ids: set[UUID]) -> dict[UUID, Approval]:
    """By model; a model has one at most."""
    live = selectors.live_approvals(clock.now()).filter(model_id__in=model_ids)
    return {approval.model_id: approval for approval in live}


def condition_names() -> dict[UUID, str]:
    """Of the teams and use cases that conditions name, as far as whoever looks may see them."""
    teams = {team.id: team.name for team in Team.objects.all()}
    return teams | {use_case.id: use_case.slug for use_case in UseCase.objects.all()}


def _asked_by(actor: Actor) -> QuerySet[ApprovalRequest]:
    return (
        ApprovalRequest.objects.filter(requested_by_id=actor.id)
        .select_related("model")
        .prefetch_related(*_READ)[:_DECIDED_SHOWN]
    )


def _decided() -> QuerySet[ApprovalRequest]:
    ended = [RequestStatus.APPROVED, RequestStatus.REJECTED, RequestStatus.WITHDRAWN]
    decided = ApprovalRequest.objects.filter(status__in=ended)
    return decided.select_related("model").prefetch_related(*_READ)[:_DECIDED_SHOWN]
