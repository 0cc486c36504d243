"""The first page: for each role what it comes for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from audit.models import Settlement
from governance import selectors
from governance.models import Deployment, Model, Provider
from governance.services import notices
from governance.services.approvals import queue
from kit import clock
from kit.context import Actor
from portal.budget_use import InUse, in_use
from portal.burn_down import courses, habit_of
from portal.capacities import Capacity
from portal.due import concerning
from portal.screens.guard import screen
from portal.spending import month_to_date
from tenants.models import ApiKey, Budget, Membership, Project, Role, Team
from tenants.snippets import curl

_KEYS_SHOWN = 6
_BUDGETS_SHOWN = 8
_COMING_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Step:
    """Something a new organisation does once."""

    title: str
    why: str
    is_done: bool
    view: str
    button: str


@screen()
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    for role, page in _HOMES.items():
        if role in capacity.roles:
            return page(request, actor)
    return _spend(request, actor)


@screen()
def counts(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What badges show. Pages ask after a hint, and now and then where no socket is open."""
    told = {"approvals": 0, "new": 0, "notices": notices.unread_of(actor)}
    if actor.may("governance.register.view"):
        told |= {"approvals": queue.to_decide(actor, clock.now()), "new": _new_since(request.GET.get("since", ""))}
    return JsonResponse(told)


@screen("audit.spend.view")
def budgets(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Every budget with what is used of it."""
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    now, time_zone = clock.now(), capacity.organization.time_zone
    rows = _budgets(request, actor)
    how = courses(rows, habit_of(now, time_zone), now=now, time_zone=time_zone)
    return render(request, "portal/home/budgets.html", {"budgets": rows, "courses": how})


def _new_since(read_at: str) -> int:
    """Open requests that a page does not show, since they were asked for after it was made."""
    try:
        since = datetime.fromisoformat(read_at)
    except ValueError:
        return 0
    return selectors.open_requests().filter(requested_at__gt=since).count() if timezone.is_aware(since) else 0


def first_steps() -> list[Step]:
    """From nothing to the first governed call, in order."""
    return [
        Step(
            "Connect a provider",
            "Whoever runs the models: a company's API or a server of your own.",
            Provider.objects.exists(),
            "admin:governance_provider_add",
            "Connect",
        ),
        Step(
            "Register a model and where it runs",
            "An exact version, a deployment in a region, and a price.",
            Model.objects.filter(deployments__prices__isnull=False).exists(),
            *_of_model(),
        ),
        Step(
            "Let a compliance officer in",
            "Somebody else than you decides what may be called.",
            Membership.objects.filter(role=Role.COMPLIANCE_OFFICER).exists(),
            "admin:tenants_membership_add",
            "Let in",
        ),
        Step(
            "Have it approved",
            "You ask; a compliance officer decides. Without an approval no call goes out.",
            selectors.live_approvals(clock.now()).exists(),
            *(("approvals", "See what waits") if selectors.open_requests().exists() else ("approval-ask", "Ask")),
        ),
        Step(
            "Make a team and a project",
            "Teams see nothing of each other. Keys and budgets hang on projects.",
            Project.objects.exists(),
            "admin:tenants_project_add" if Team.objects.exists() else "admin:tenants_team_add",
            "Make",
        ),
        Step(
            "Set a budget",
            "A call that does not fit is refused before it is made.",
            Budget.objects.exists(),
            "admin:tenants_budget_add",
            "Set",
        ),
        Step(
            "Issue a key",
            "For a project of a team. Its secret is shown once.",
            ApiKey.objects.filter(revoked_at__isnull=True).exists(),
            "admin:tenants_apikey_add",
            "Issue",
        ),
        Step(
            "See the first call",
            "It appears under Requests with its approval, cost and record.",
            Settlement.objects.exists(),
            "requests",
            "Look",
        ),
    ]


def _of_model() -> tuple[str, str]:
    """What lacks of a model that can be called: where that is entered, and its button."""
    if not Model.objects.exists():
        return "admin:governance_model_add", "Register"
    if not Deployment.objects.exists():
        return "admin:governance_deployment_add", "Say where it runs"
    return "admin:governance_price_add", "Set its price"


def _inbox(request: HttpRequest, actor: Actor) -> HttpResponse:
    return HttpResponseRedirect(reverse("approvals"))


def _ledger(request: HttpRequest, actor: Actor) -> HttpResponse:
    return HttpResponseRedirect(reverse("requests"))


def _administration(request: HttpRequest, actor: Actor) -> HttpResponse:
    steps = first_steps()
    is_new = not all(step.is_done for step in steps)
    waiting = selectors.open_requests().count()
    context = {"steps": steps, "is_new": is_new, "waiting": waiting, **_money(request, actor), **_coming(actor)}
    return render(request, "portal/home/administrator.html", context)


def _spend(request: HttpRequest, actor: Actor) -> HttpResponse:
    return render(request, "portal/home/spend.html", {**_money(request, actor), **_coming(actor)})


def _development(request: HttpRequest, actor: Actor) -> HttpResponse:
    live = (
        selectors.live_approvals(clock.now()).filter(Q(teams=[]) | Q(teams__overlap=_teams(actor))).values("model_id")
    )
    approved = list(Model.objects.filter(id__in=live, suspended_at__isnull=True))
    base = request.build_absolute_uri("/v1")
    keys = ApiKey.objects.filter(revoked_at__isnull=True).select_related("project__team")
    context = {
        "keys": keys[:_KEYS_SHOWN],
        "models": approved,
        "curl": curl(base, "$CHANCERY_KEY", approved[0].slug if approved else "MODEL"),
        **_coming(actor),
    }
    return render(request, "portal/home/developer.html", context)


def _teams(actor: Actor) -> list[UUID]:
    """The teams a person acts in; of the whole organisation, all of them."""
    if actor.team_ids is not None:
        return list(actor.team_ids)
    return list(Team.objects.values_list("id", flat=True))


def _coming(actor: Actor) -> dict[str, object]:
    """What the person's teams will notice within the quarter."""
    if not actor.may("governance.register.view"):
        return {}
    due_soon = concerning(_teams(actor), clock.now())
    return {"coming": due_soon[:_COMING_SHOWN], "may_ask": actor.may("governance.approval.request")}


def _money(request: HttpRequest, actor: Actor) -> dict[str, object]:
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    if not actor.may("audit.spend.view"):
        return {}
    now, time_zone = clock.now(), capacity.organization.time_zone
    known = habit_of(now, time_zone)
    budgets = _budgets(request, actor)[:_BUDGETS_SHOWN]
    return {
        "month": month_to_date(now, time_zone, known),
        "budgets": budgets,
        "courses": courses(budgets, known, now=now, time_zone=time_zone),
    }


def _budgets(request: HttpRequest, actor: Actor) -> list[InUse]:
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    rows = Budget.objects.filter(is_active=True, each="").select_related("team", "project", "api_key", "organization")
    used = in_use(rows, actor, time_zone=capacity.organization.time_zone, now=clock.now())
    return sorted(used, key=lambda use: -use.percent)


_HOMES: dict[str, Callable[[HttpRequest, Actor], HttpResponse]] = {
    Role.COMPLIANCE_OFFICER: _inbox,
    Role.ADMINISTRATOR: _administration,
    Role.AUDITOR: _ledger,
    Role.TEAM_LEAD: _spend,
    Role.DEVELOPER: _development,
}
