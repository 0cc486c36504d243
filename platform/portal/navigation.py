"""The sidebar, one for the admin and for the portal's own screens, and the state shown beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from governance import selectors as register
from governance.models import SnapshotAcknowledgement
from governance.services import alerts, break_glass, increases, notices, onboarding, waivers
from governance.services.approvals import queue
from governance.snapshot.acknowledge import living
from kit import clock
from kit.context import Actor
from portal.screens.break_glass import obstacle as obstacle_to_glass
from portal.screens.waivers import obstacle as obstacle_to_waiver


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the sidebar, shown to whoever may do `act`."""

    title: str
    icon: str
    view: str
    act: str = "portal.view"
    badge: Callable[[Actor], int] | None = None
    also: str = ""  # other addresses that are a part of it begin so


def _exceptions(actor: Actor) -> int:
    """What waits for this person to sign or to review."""
    if not (actor.may(break_glass.DECIDE) or actor.may(waivers.SIGN)):
        return 0
    now = clock.now()
    glasses = register.unsettled_break_glasses(now).prefetch_related("signatures")
    return sum(not obstacle_to_glass(actor, row) for row in glasses) + sum(
        not obstacle_to_waiver(actor, row) for row in register.waivers_to_sign(now)
    )


def _waiting(actor: Actor) -> int:
    return queue.to_decide(actor, clock.now())


def _increases(actor: Actor) -> int:
    """What waits for this person to decide."""
    if not actor.may(increases.DECIDE):
        return 0
    return sum(not increases.obstacle(actor, row) for row in increases.waiting(clock.now()))


def _expiring(_: Actor) -> int:
    return register.evidence_in_use().filter(register.expiring(clock.now())).count()


GROUPS: list[tuple[str, list[Link]]] = [
    (
        "",
        [
            Link("Home", "home", "home"),
            Link("Approvals", "approval", "approvals", "governance.register.view", _waiting),
            Link("Exceptions", "emergency", "exceptions", "governance.register.view", _exceptions, "/waivers/"),
            Link("Review rules", "rule", "review-rules", "governance.register.view"),
            Link("Due", "event_upcoming", "due", "governance.register.view"),
            Link("Alerts", "warning", "alerts", "governance.alert.view", alerts.waiting_of, "/alert-"),
            Link("Notices", "notifications", "notices"),
            Link("Spend", "payments", "spend", "audit.spend.view"),
            Link("Requests", "receipt_long", "requests", "audit.request.view"),
            Link("Operations", "monitor_heart", "operations", "audit.spend.view"),
            Link("Acts", "history", "acts", "audit.act.view"),
            Link("Revocations", "block", "revocations", "governance.suspension.view"),
        ],
    ),
    (
        "Register",
        [
            Link("Models", "model_training", "admin:governance_model_changelist", "governance.register.view"),
            Link(
                "Permissions in force", "verified", "admin:governance_approval_changelist", "governance.register.view"
            ),
            Link("Use cases", "category", "admin:governance_usecase_changelist", "governance.register.view"),
            Link("Evidence", "lab_profile", "evidence", "governance.register.view", _expiring),
            Link("Deployments", "dns", "admin:governance_deployment_changelist", "governance.register.view"),
            Link("Prices", "sell", "admin:governance_price_changelist", "governance.register.view"),
            Link("Routes", "alt_route", "admin:governance_route_changelist", "governance.register.view"),
            Link("Providers", "cloud", "admin:governance_provider_changelist", "governance.register.view"),
            Link("Third parties", "handshake", "third-parties", "governance.register.view"),
            Link("Other systems", "widgets", "admin:governance_othersystem_changelist", "governance.register.view"),
            Link("Shadow use", "visibility_off", "shadow-use", "audit.request.view"),
            Link("Take in an inventory", "upload_file", "inventory", "governance.register.manage"),
        ],
    ),
    (
        "Organisation",
        [
            Link("API keys", "key", "admin:tenants_apikey_changelist", "tenants.api_key.view"),
            Link("Identity providers", "badge", "admin:tenants_identityprovider_changelist", "tenants.api_key.view"),
            Link("Budgets", "account_balance_wallet", "budgets", "audit.spend.view"),
            Link("More for budgets", "add_card", "budget-increases", increases.VIEW, _increases),
            Link("Statements", "request_quote", "statements", "audit.spend.view"),
            Link("Rate limits", "speed", "admin:tenants_ratelimit_changelist", "audit.spend.view"),
            Link("Teams", "groups", "admin:tenants_team_changelist"),
            Link("Onboard a team", "group_add", "team-onboard", onboarding.ACT),
            Link("Projects", "folder", "admin:tenants_project_changelist"),
            Link("People", "person", "admin:tenants_membership_changelist", "tenants.member.view"),
            Link("Organisation", "domain", "admin:tenants_organization_changelist"),
        ],
    ),
    (
        "More",
        [
            Link("Overview", "monitoring", "admin:index"),
            Link("Failures", "healing", "failures"),
            Link("Management API", "api", "api-docs"),
        ],
    ),
]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """In the form Unfold's `SIDEBAR.navigation` takes. Read once for each request."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return []
    cached: list[dict[str, Any]] | None = getattr(request, "sidebar", None)
    if cached is None:
        cached = [_group(request, actor, title, links) for title, links in GROUPS]
        request.sidebar = cached  # type: ignore[attr-defined]
    return cached


def ribbon(request: HttpRequest) -> list[str] | None:
    """In what capacity the person acts, for the top of Unfold's pages."""
    capacity = getattr(request, "capacity", None)
    return [capacity.label, "info"] if capacity else None


@dataclass(frozen=True, slots=True)
class GatewayState:
    """`lag_ms` is how long the last change of policy took to reach a worker; none if there was none yet."""

    processes: int
    lag_ms: int | None


def gateway_state() -> GatewayState:
    last = SnapshotAcknowledgement.objects.order_by("-id").values_list("lag_ms", flat=True).first()
    return GatewayState(living(clock.now(), using="default").count(), last)


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Template context of every page; computed where a template asks for it."""
    if getattr(request, "actor", None) is None:
        return {}
    return {
        "navigation": partial(sidebar, request),
        "capacity": getattr(request, "capacity", None),
        "capacities": getattr(request, "capacities", []),
        "gateway": SimpleLazyObject(gateway_state),
        "unread": partial(notices.unread_of, request.actor),  # type: ignore[attr-defined]
    }


def _group(request: HttpRequest, actor: Actor, title: str, links: list[Link]) -> dict[str, Any]:
    items = [_item(request, actor, link) for link in links if actor.may(link.act)]
    return {"title": title, "items": items, "separator": bool(title)}


def _item(request: HttpRequest, actor: Actor, link: Link) -> dict[str, Any]:
    address = reverse(link.view)
    exact = address in ("/", reverse("admin:index"))
    item: dict[str, Any] = {
        "title": link.title,
        "icon": link.icon,
        "link": address,
        "active": request.path == address if exact else request.path.startswith((address, link.also or address)),
    }
    count = link.badge(actor) if link.badge else 0
    if count:
        item |= {"badge": count, "badge_variant": "warning"}
    return item
