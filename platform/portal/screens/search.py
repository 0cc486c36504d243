"""Going anywhere by typing: what is registered by name, keys by prefix, requests by id, screens and verbs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from unfold.dataclasses import SearchResult

from audit.models import Record
from audit.querysets import FIRST_OF_REQUEST
from governance.models import ApprovalRequest
from kit.context import Actor
from portal.findable import FINDABLE
from portal.navigation import GROUPS
from portal.screens.guard import screen
from tenants.acting import actor_of

MOST = 30
_LONGEST = 200

# (what it is called, where, the act it needs)
_VERBS = [
    ("Ask for an approval", "approval-ask", "governance.approval.request"),
    ("Stop something", "revocations", "governance.model.suspend"),
    ("Add evidence", "evidence-add", "governance.evidence.add"),
    ("Issue an API key", "admin:tenants_apikey_add", "tenants.api_key.manage"),
    ("Register an identity provider", "admin:tenants_identityprovider_add", "tenants.identity_provider.manage"),
    ("Register a model", "admin:governance_model_add", "governance.register.manage"),
    ("Register a use case", "admin:governance_usecase_add", "governance.register.manage"),
    ("Register another system", "admin:governance_othersystem_add", "governance.register.manage"),
    ("Connect a provider", "admin:governance_provider_add", "governance.register.manage"),
    ("Set a budget", "admin:tenants_budget_add", "tenants.budget.manage"),
    ("Make a team", "admin:tenants_team_add", "tenants.team.manage"),
    ("Add a person", "admin:tenants_membership_add", "tenants.member.manage"),
]


def find(request: HttpRequest, text: str) -> list[SearchResult]:
    """What the person may open that the text leads to."""
    words = text.strip().replace("\0", "")[:_LONGEST]
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
    yield from _by_id(actor, words)
    for title, view, needed in _VERBS:
        if words.lower() in title.lower() and actor.may(needed):
            yield SearchResult(title, "Do", reverse(view), "bolt")
    for _, links in GROUPS:
        for link in links:
            if words.lower() in link.title.lower() and actor.may(link.act):
                yield SearchResult(link.title, "Screen", reverse(link.view), link.icon)
    for kind in FINDABLE:
        if actor.may(kind.act):
            yield from kind.find(words)


def _by_id(actor: Actor, words: str) -> Iterator[SearchResult]:
    """The request with the id, or the history of what else has it: also of what is deleted."""
    try:
        identifier = UUID(words)
    except ValueError:
        return
    asked = ApprovalRequest.objects.filter(id=identifier).select_related("model").first()
    if asked is not None and actor.may("governance.register.view"):
        yield SearchResult(str(asked), "Request for an approval", reverse("approval", args=[identifier]), "approval")
    elif actor.may("audit.request.view") and Record.objects.filter(FIRST_OF_REQUEST, id=identifier).exists():
        yield SearchResult("Open the request", words, reverse("request", args=[identifier]), "receipt_long")
    elif actor.may("audit.act.view"):
        address = f"{reverse('history')}?{urlencode({'object': str(identifier)})}"
        yield SearchResult("Show its history", words, address, "history")
