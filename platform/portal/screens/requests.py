"""Inference requests, from the ledger: the list, and one request with all that was decided about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from audit import selectors
from audit.selectors import RequestFilter
from governance.models import Approval, BreakGlass, Deployment, Price, Waiver
from kit.context import Actor
from portal import export, readings
from portal.costs import arithmetic
from portal.paging import next_page
from portal.readings import STATUSES, Request
from portal.refused_calls import refusal_of
from portal.request_filters import Filters
from portal.request_table import request_table
from portal.screens.guard import screen
from portal.screens.saved_views import with_default
from tenants.models import Project, Team

PAGE = 50


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
        "further": filters.further(),
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
