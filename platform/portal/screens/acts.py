"""Acts of governance, from the ledger."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from audit.models import Record
from audit.querysets import ACT
from kit.context import Actor
from portal.paging import next_page
from portal.screens.guard import screen
from portal.subjects import tell
from portal.timeline import entries

PAGE = 50
_SUBJECTS = [
    ("", "everything"),
    ("governance.approval.", "approvals"),
    ("governance.", "the register"),
    ("tenants.api_key.", "API keys"),
    ("tenants.identity_provider.", "identity providers"),
    ("tenants.budget.", "budgets"),
    ("tenants.membership.", "memberships"),
    ("portal.act.refused", "what was refused"),
    ("portal.", "sign-in and what was refused"),
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
    found = list(_acts(chosen, before)[: PAGE + 1])
    context = {
        "filters": filters,
        "acts": tell(entries(found[:PAGE])),
        "following": next_page(request, found[PAGE - 1].id if len(found) > PAGE else None),
        "is_first": before is None,
    }
    return render(request, "portal/requests/acts.html", context)


def _acts(chosen: dict[str, Any], before: UUID | None) -> QuerySet[Record]:
    rows = Record.objects.filter(ACT)
    if chosen.get("object"):
        rows = rows.filter(object_id=chosen["object"])
    if chosen.get("about"):
        rows = rows.filter(action__startswith=chosen["about"])
    if before is not None:
        rows = rows.filter(id__lt=before)
    return rows.order_by("-id")
