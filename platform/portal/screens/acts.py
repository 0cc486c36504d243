"""Acts of governance, from the ledger."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit.context import Actor
from portal import readings
from portal.paging import next_page
from portal.screens.guard import screen
from portal.timeline import entries

PAGE = 50
_SUBJECTS = [
    ("", "everything"),
    ("governance.approval.", "approvals"),
    ("governance.", "the register"),
    ("tenants.api_key.", "API keys"),
    ("tenants.budget.", "budgets"),
    ("tenants.membership.", "memberships"),
    ("portal.", "sign-in"),
]


class Filters(forms.Form):
    about = forms.ChoiceField(choices=_SUBJECTS, required=False, label="About")
    object = forms.UUIDField(required=False, label="Id of the object")
    before = forms.UUIDField(required=False, widget=forms.HiddenInput)


@screen("audit.act.view")
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    filters = Filters(request.GET)
    chosen = filters.cleaned_data if filters.is_valid() else {}
    before: UUID | None = chosen.get("before")
    found = readings.acts(
        before=before, object_id=chosen.get("object"), action=chosen.get("about") or "", most=PAGE + 1
    )
    context = {
        "filters": filters,
        "acts": entries(found[:PAGE]),
        "following": next_page(request, found[PAGE - 1].id if len(found) > PAGE else None),
        "is_first": before is None,
    }
    return render(request, "portal/requests/acts.html", context)
