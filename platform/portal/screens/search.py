"""Going anywhere by typing: models, keys by prefix, teams, requests by id, screens and verbs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from unfold.dataclasses import SearchResult

from governance.models import Model, Route
from kit.context import Actor
from portal.navigation import GROUPS
from portal.screens.guard import screen
from tenants.acting import actor_of
from tenants.models import ApiKey, Project, Team

MOST = 30
_EACH = 6

# (what it is called, where, the act it needs)
_VERBS = [
    ("Ask for an approval", "approval-ask", "governance.approval.request"),
    ("Issue an API key", "admin:tenants_apikey_add", "tenants.api_key.manage"),
    ("Register an identity provider", "admin:tenants_identityprovider_add", "tenants.identity_provider.manage"),
    ("Register a model", "admin:governance_model_add", "governance.register.manage"),
    ("Connect a provider", "admin:governance_provider_add", "governance.register.manage"),
    ("Set a budget", "admin:tenants_budget_add", "tenants.budget.manage"),
    ("Make a team", "admin:tenants_team_add", "tenants.team.manage"),
    ("Add a person", "admin:tenants_membership_add", "tenants.member.manage"),
]


def find(request: HttpRequest, text: str) -> list[SearchResult]:
    """What the person may open that the text leads to."""
    words = text.strip()
    return list(islice(_found(actor_of(request), words), MOST)) if words else []


@screen()
def results(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The same as a page; a single find opens at once."""
    words = request.GET.get("q", "")
    found = find(request, words)
    if len(found) == 1:
        return HttpResponseRedirect(found[0].link)
    return render(request, "portal/search.html", {"words": words, "found": found})


def _found(actor: Actor, words: str) -> Iterator[SearchResult]:
    yield from _request(actor, words)
    for title, view, needed in _VERBS:
        if words.lower() in title.lower() and actor.may(needed):
            yield SearchResult(title, "Do", reverse(view), "bolt")
    for _, links in GROUPS:
        for link in links:
            if words.lower() in link.title.lower() and actor.may(link.act):
                yield SearchResult(link.title, "Screen", reverse(link.view), link.icon)
    if actor.may("governance.register.view"):
        yield from _register(words)
    if actor.may("tenants.api_key.view"):
        for key in ApiKey.objects.filter(Q(prefix__icontains=words) | Q(name__icontains=words))[:_EACH]:
            yield SearchResult(key.name, key.prefix, reverse("admin:tenants_apikey_change", args=[key.id]), "key")
    for team in Team.objects.filter(name__icontains=words)[:_EACH]:
        yield SearchResult(team.name, "Team", reverse("admin:tenants_team_change", args=[team.id]), "groups")
    for project in Project.objects.filter(name__icontains=words).select_related("team")[:_EACH]:
        yield SearchResult(
            str(project), "Project", reverse("admin:tenants_project_change", args=[project.id]), "folder"
        )


def _request(actor: Actor, words: str) -> Iterator[SearchResult]:
    try:
        identifier = UUID(words)
    except ValueError:
        return
    if actor.may("audit.request.view"):
        yield SearchResult("Open the request", words, reverse("request", args=[identifier]), "receipt_long")


def _register(words: str) -> Iterator[SearchResult]:
    for model in Model.objects.filter(Q(slug__icontains=words) | Q(name__icontains=words))[:_EACH]:
        page = reverse("admin:governance_model_change", args=[model.id])
        yield SearchResult(model.slug, model.name, page, "model_training")
    for route in Route.objects.filter(slug__icontains=words)[:_EACH]:
        yield SearchResult(route.slug, "Route", reverse("admin:governance_route_change", args=[route.id]), "alt_route")
