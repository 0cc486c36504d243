"""The approval inbox: what waits for a decision, why, and for how long."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from governance import selectors
from governance.models import ApprovalRequest, RiskTier
from governance.services import approvals, claims
from governance.services.approvals import queue
from governance.services.approvals.queue import ClaimedBy, Order, Tab, Wanted
from kit import clock, errors
from kit.context import Actor
from kit.refusals import note_shown
from portal.inbox_rows import items
from portal.paging import SIZE, page_of
from portal.screens.guard import screen
from tenants.selectors import names_of

_CHOSEN_FROM = (Tab.DECIDE, Tab.CLAIMED, Tab.OVERDUE)


class Filters(forms.Form):
    """Which requests in what order; all of it in the query string, which decisions carry along."""

    tab = forms.ChoiceField(required=False, choices=Tab.choices, widget=forms.HiddenInput)
    model = forms.CharField(required=False, max_length=100)
    tier = forms.TypedChoiceField(
        required=False, coerce=int, empty_value=None, choices=[("", "any"), *RiskTier.choices]
    )
    by = forms.UUIDField(required=False, label="Asked by", widget=forms.Select)
    claimed = forms.ChoiceField(required=False, label="Claimed by", choices=[("", "any"), *ClaimedBy.choices])
    sort = forms.ChoiceField(required=False, label="Order", choices=Order.choices)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.is_valid()  # what is not valid is not filtered by, and the form says so

    def offer_requesters(self, rows: QuerySet[ApprovalRequest]) -> None:
        people = names_of(rows.order_by().values_list("requested_by_id", flat=True).distinct())
        named = sorted(((str(person), name) for person, name in people.items()), key=lambda each: each[1])
        self.fields["by"].widget = forms.Select(choices=[("", "anybody"), *named])

    def tab_for(self, actor: Actor, now: datetime) -> Tab:
        """Whoever decides nothing comes to see what others have to decide."""
        chosen = self.cleaned_data.get("tab")
        return Tab(chosen) if chosen else Tab.DECIDE if queue.decides(actor, now) else Tab.OTHERS

    @property
    def wanted(self) -> Wanted:
        told = self.cleaned_data
        claimed = ClaimedBy(told["claimed"]) if told.get("claimed") else None
        return Wanted(told.get("tier"), told.get("by"), told.get("model") or "", claimed)

    @property
    def order(self) -> Order:
        return Order(self.cleaned_data.get("sort") or Order.DUE)

    def query(self, **changed: Any) -> str:
        """As a query string, with something changed; empty for the inbox as it opens."""
        told = {name: value for name, value in {**self.cleaned_data, **changed}.items() if value}
        return f"?{urlencode(told)}" if told else ""

    def address(self, page: int) -> str:
        return self.query(page=page if page > 1 else None) or "?"


@screen("governance.register.view")
def inbox(request: HttpRequest, actor: Actor) -> HttpResponse:
    now, filters = clock.now(), Filters(request.GET)
    tab = filters.tab_for(actor, now)
    everything = queue.requests(actor, tab, now)
    filters.offer_requesters(everything)
    rows = queue.narrowed(everything, filters.wanted, actor, now)
    counts = queue.counts(actor, now)
    is_narrowed = filters.wanted != Wanted()
    total = counts[tab] if tab in counts and not is_narrowed else rows.count()
    page = page_of(total, filters.cleaned_data.get("page") or 1, filters.address)
    shown = queue.ordered(rows, filters.order, tab)[page.first : page.last]
    may_ask = actor.may("governance.approval.request")
    context = {
        "tab": tab,
        "tabs": [
            (each, each.label, filters.query(tab=each.value, page=None)) for each in Tab if may_ask or each != Tab.ASKED
        ],
        "counts": counts,
        "filters": filters,
        "is_narrowed": is_narrowed,
        "items": items(list(shown.prefetch_related("model", *queue.READ)), actor),
        "page": page,
        "view": filters.query(tab=tab.value),
        "may_ask": may_ask,
        "may_choose": tab in _CHOSEN_FROM and queue.decides(actor, now),
        "read_at": now.isoformat(),
        "unsettled": selectors.unsettled_break_glasses(now),
    }
    return render(request, "portal/approvals/inbox.html", context)


@require_POST
@screen("governance.register.view")
def bulk(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Claims the chosen requests, or gives them back to their requesters, each by an act of its own. What cannot be
    is listed with why. Nothing is approved or rejected by the dozen."""
    done, act = [], request.POST.get("act")
    if act not in ("claim", "changes"):
        return HttpResponseBadRequest("Many requests are claimed or given back, nothing else.")
    for chosen in request.POST.getlist("chosen")[:SIZE]:
        request_id, _, signed_hash = chosen.partition(":")
        asked = _one(request_id)
        if asked is None:
            continue
        try:
            if act == "changes":
                _give_back(actor, asked, request.POST.get("reason", ""), signed_hash)
            else:
                claims.claim(actor=actor, request=asked, now=clock.now())
            done.append(asked)
        except (errors.Conflict, errors.Forbidden, errors.InvalidRequest) as refusal:
            note_shown(refusal)
            messages.error(request, f"{asked.model}: {refusal.message}")
    if done:
        went = "given back to their requesters" if act == "changes" else "claimed by you for eight hours"
        messages.success(request, f"{len(done)} {'request' if len(done) == 1 else 'requests'} {went}.")
    return HttpResponseRedirect(reverse("approvals") + Filters(request.GET).query())


def address_after(request: HttpRequest, actor: Actor) -> str:
    """Where a decision leads: to the next request of the view that the decision was made from, else to that view."""
    filters = Filters(request.GET)
    following = queue.following(actor, filters.wanted, filters.order, clock.now())
    page = reverse("approval", args=[following.id]) if following else reverse("approvals")
    return page + filters.query()


def _give_back(actor: Actor, asked: ApprovalRequest, reason: str, signed_hash: str) -> None:
    if not reason.strip():
        raise errors.InvalidRequest("Say what is to be changed.", param="reason")
    approvals.request_changes(actor=actor, request=asked, reason=reason, signed_hash=signed_hash, now=clock.now())


def _one(request_id: str) -> ApprovalRequest | None:
    try:
        return ApprovalRequest.objects.select_related("model").filter(id=UUID(request_id)).first()
    except ValueError:
        return None
