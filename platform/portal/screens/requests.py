"""Inference requests, from the ledger: the list, and one request with all that was decided about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from audit import selectors
from audit.selectors import RequestFilter
from governance.models import Approval, BreakGlass, Deployment, Price, Waiver
from kit import money
from kit.context import Actor
from portal import export, readings
from portal.costs import arithmetic
from portal.paging import next_page
from portal.readings import STATUSES, Request
from portal.refused_calls import refusal_of
from portal.request_table import request_table
from portal.screens.guard import screen
from portal.screens.saved_views import with_default
from tenants.models import ApiKey, Project, Team

PAGE = 50


class Filters(forms.Form):
    """Everything in the query string, so that a view of the list is a link."""

    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))
    team = forms.ChoiceField(required=False)
    project = forms.ChoiceField(required=False)
    key = forms.CharField(required=False, label="Key's prefix", max_length=32)
    model = forms.CharField(required=False, max_length=200)
    status = forms.ChoiceField(required=False, choices=[("", "any"), *STATUSES.items()])
    cost = forms.DecimalField(required=False, label="Cost from, USD", min_value=0, max_digits=12, decimal_places=9)
    before = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for name, rows in [("team", Team.objects.all()), ("project", Project.objects.select_related("team"))]:
            choice = self.fields[name]
            assert isinstance(choice, forms.ChoiceField)
            choice.choices = [("", "any"), *((str(row.pk), str(row)) for row in rows)]

    def wanted(self) -> RequestFilter:
        """What is not valid is not filtered by, and the form says so."""
        self.is_valid()
        chosen = self.cleaned_data
        keys = None
        if chosen.get("key"):
            keys = frozenset(ApiKey.objects.filter(prefix__icontains=chosen["key"]).values_list("id", flat=True))
        return RequestFilter(
            since=_start_of(chosen.get("since")),
            until=_start_of(chosen.get("until"), days=1),
            team_id=_uuid(chosen.get("team")),
            project_id=_uuid(chosen.get("project")),
            caller_ids=keys,
            model=chosen.get("model") or None,
            outcome=chosen.get("status") or None,
            min_cost_nano_usd=money.from_usd(chosen["cost"]) if chosen.get("cost") else None,
        )


@screen("audit.request.view")
@with_default("requests")
def listing(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    filters = Filters(request.GET)
    wanted = filters.wanted()
    if export.is_wanted(request):
        return export.download(request, request_table(wanted))
    before: UUID | None = filters.cleaned_data.get("before")
    found = readings.requests(wanted, before=before, limit=PAGE + 1)
    shown = found[:PAGE]
    context = {
        "filters": filters,
        "requests": shown,
        "following": next_page(request, shown[-1].id if len(found) > PAGE else None),
        "is_first": before is None,
        "is_filtered": wanted != RequestFilter(),
        **_labels(shown),
    }
    return render(request, "portal/requests/list.html", context)


@screen("audit.request.view")
def detail(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    story = selectors.request(request_id)
    if story is None:
        raise Http404
    told, settlement = readings.told(story), story.line.settlement
    price = Price.objects.filter(id=settlement.price_id).first() if settlement and settlement.price_id else None
    context = {
        "told": told,
        "envelopes": [(record, _pretty(selectors.content(record))) for record in story.records],
        "arithmetic": arithmetic(settlement, price) if settlement and price else None,
        "price": price,
        "deployment": _deployment(told),
        "attempts": _attempts(told),
        "approval": _approval(told),
        "break_glass": _break_glass(told),
        "waiver": _waiver(told),
        "refusal": refusal_of(told, actor),
        **_labels([told]),
    }
    return render(request, "portal/requests/detail.html", context)


def _labels(shown: list[Request]) -> dict[str, Any]:
    """Names for the ids of a page; what the viewer may not see has none."""
    records = [request.line.record for request in shown]
    settlements = [request.line.settlement for request in shown if request.line.settlement]
    projects = {settlement.project_id for settlement in settlements if settlement.project_id}
    approvals = Approval.objects.filter(
        id__in={row.decided["approval"] for row in shown if row.decided.get("approval")}
    )
    return {
        "approvals": {str(row.id): row.granted_at for row in approvals},
        "teams": {team.id: team.name for team in Team.objects.filter(id__in={record.team_id for record in records})},
        "projects": {row.id: row.name for row in Project.objects.filter(id__in=projects)},
        "keys": readings.prefixes_of(record.actor_id for record in records if record.actor_kind == "api_key"),
        "statuses": STATUSES,
    }


def _deployment(told: Request) -> Deployment | None:
    identifier = told.decided.get("deployment")
    return Deployment.objects.select_related("provider", "model").filter(id=identifier).first() if identifier else None


def _attempts(told: Request) -> list[tuple[Mapping[str, Any], str]]:
    """Each attempt with the name of where it went."""
    made: list[Mapping[str, Any]] = told.said.get("attempts") or []
    rows = Deployment.objects.select_related("provider", "model")
    names = {str(row.id): str(row) for row in rows.filter(id__in={attempt["deployment"] for attempt in made})}
    return [(attempt, names.get(attempt["deployment"], "a deployment not shown")) for attempt in made]


def _approval(told: Request) -> Approval | None:
    identifier = told.decided.get("approval")
    return Approval.objects.filter(id=identifier).first() if identifier else None


def _break_glass(told: Request) -> BreakGlass | None:
    identifier = told.decided.get("break_glass")
    return BreakGlass.objects.filter(id=identifier).first() if identifier else None


def _waiver(told: Request) -> Waiver | None:
    identifier = told.decided.get("waiver")
    return Waiver.objects.filter(id=identifier).first() if identifier else None


def _pretty(envelope: Any) -> str:
    return json.dumps(envelope, indent=2, ensure_ascii=False)


def _start_of(day: Any, *, days: int = 0) -> datetime | None:
    """Midnight in the organisation's time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time())) if day else None


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None
