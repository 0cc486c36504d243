"""The one screen to approve on: what is asked, what it changes, and whether this person may decide."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from audit import selectors as ledger
from governance import comparison, selectors
from governance.models import Approval, ApprovalRequest, Deployment, Price, RequestStatus, Verdict
from governance.services import approvals
from kit import clock, errors
from kit.context import Actor
from kit.data_class import DataClass
from portal.screens.guard import screen
from portal.screens.inbox import approvals_in_force, next_for, team_names
from portal.timeline import Entry, entries
from tenants.selectors import names_of

RULE = "One compliance officer who is not the requester, with a one-time password."
_HISTORY_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why this person cannot decide now, and where that can be mended, if it can."""

    text: str
    link: str = ""
    link_text: str = ""


class DecisionForm(forms.Form):
    reason = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "data-key": "reason"}),
        help_text="Kept with the decision, and shown to the requester and to auditors.",
        error_messages={"required": "A decision needs a reason."},
    )
    signed_hash = forms.CharField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=Verdict.choices, widget=forms.HiddenInput, required=False)


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    """Reading a link decides nothing."""
    asked = _asked(request_id)
    return _page(request, actor, asked, DecisionForm(initial={"signed_hash": asked.content_hash}))


@require_POST
@screen("governance.register.view")
def decide(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    """Signs what was on the screen; then on to the next request."""
    asked = _asked(request_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, asked, form, status=400)
    verdict = Verdict(form.cleaned_data["verdict"] or Verdict.REJECT)
    act = approvals.approve if verdict is Verdict.APPROVE else approvals.reject
    try:
        act(
            actor=actor,
            request=asked,
            reason=form.cleaned_data["reason"],
            signed_hash=form.cleaned_data["signed_hash"],
            now=clock.now(),
        )
    except errors.Conflict as conflict:
        return render(request, "portal/approvals/stale.html", {"asked": asked, "conflict": conflict}, status=409)
    except errors.Forbidden as refusal:
        form.add_error(None, refusal.message)
        return _page(request, actor, asked, form, status=403)
    done = "approved" if verdict is Verdict.APPROVE else "rejected"
    messages.success(request, f"{asked.model} is {done}.")
    following = next_for(actor)
    return HttpResponseRedirect(reverse("approval", args=[following.id]) if following else reverse("approvals"))


@require_POST
@screen("governance.approval.request")
def withdraw(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    asked = approvals.withdraw(actor=actor, request=_asked(request_id))
    messages.success(request, f"The request for {asked.model} is withdrawn.")
    return HttpResponseRedirect(reverse("approvals"))


def obstacles(request: HttpRequest, actor: Actor, asked: ApprovalRequest) -> list[Obstacle]:
    """Everything that stands between this person and a decision; said before a button is pressed."""
    found = []
    if asked.status != RequestStatus.SUBMITTED:
        found.append(Obstacle(f"It is {asked.get_status_display().lower()} already."))
    if not actor.may("governance.approval.decide"):
        found.append(Obstacle("Your role does not decide; a compliance officer does."))
    elif asked.requested_by_id == actor.id:
        found.append(Obstacle("You asked for it yourself. Another compliance officer decides."))
    elif not actor.otp_verified:
        page = f"{reverse('sign-in-code')}?{urlencode({'next': request.path})}"
        found.append(Obstacle("The act needs a one-time password that is not older than an hour.", page, "Give a code"))
    return found


def consequence(asked: ApprovalRequest, in_force: Approval | None, teams: dict[UUID, str]) -> str:
    """What follows from approving, in a sentence or two."""
    who = ", ".join(teams.get(team, "a team not shown") for team in asked.teams) if asked.teams else "every team"
    where = f"in {', '.join(asked.regions)}" if asked.regions else "in any region"
    until = f"until {comparison.end_text(asked.expires_at)}" if asked.expires_at else "without an end"
    replaced = f" It replaces the approval of {timezone.localtime(in_force.granted_at):%d %b %Y}." if in_force else ""
    label = DataClass(asked.max_data_class).label
    return f"Within a second, {who} may send data up to {label} to {asked.model}, {where} and {until}.{replaced}"


def history_of(asked: ApprovalRequest) -> list[Entry]:
    return entries(list(ledger.timeline(asked.model_id)[:_HISTORY_SHOWN]))


def _asked(request_id: UUID) -> ApprovalRequest:
    rows = ApprovalRequest.objects.select_related("model", "approval").prefetch_related("decisions")
    return get_object_or_404(rows, id=request_id)


def _deployments(asked: ApprovalRequest) -> list[tuple[Deployment, Price | None]]:
    rows: QuerySet[Deployment] = asked.model.deployments.select_related("provider").prefetch_related("prices")
    return [(row, selectors.price_at(row, clock.now())) for row in rows]


def _page(
    request: HttpRequest, actor: Actor, asked: ApprovalRequest, form: DecisionForm, status: int = 200
) -> HttpResponse:
    in_force = approvals_in_force({asked.model_id}).get(asked.model_id)
    if in_force is not None and in_force.request_id == asked.id:
        in_force = None
    decisions = list(asked.decisions.all())
    teams = team_names()
    context = {
        "asked": asked,
        "form": form,
        "compared": comparison.compare(asked, in_force, teams),
        "in_force": in_force,
        "deployments": _deployments(asked),
        "similar": selectors.similar_models(asked.model),
        "people": names_of([asked.requested_by_id, *(decision.decided_by_id for decision in decisions)]),
        "decisions": decisions,
        "rule": RULE,
        "obstacles": obstacles(request, actor, asked),
        "consequence": consequence(asked, in_force, teams),
        "is_own": asked.requested_by_id == actor.id,
        "is_open": asked.status == RequestStatus.SUBMITTED,
        "history": history_of(asked),
    }
    return render(request, "portal/approvals/decision.html", context, status=status)
