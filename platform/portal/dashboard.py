"""The overview: what waits, what is spent, and how the gateway does."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from audit.usage import rollups
from governance import selectors
from governance.models import SnapshotAcknowledgement
from governance.snapshot.acknowledge import SILENT_AFTER, living, pending
from kit import clock
from kit.context import Actor
from portal.budget_use import in_use
from portal.capacities import Capacity
from portal.inbox_rows import items
from portal.spending import as_chart, last_days
from tenants.models import Budget

_DAYS = 30
_SHOWN = 6
_COLOUR = "#459baa"


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's `DASHBOARD_CALLBACK`. Each part only for those who may see it elsewhere too."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    now, time_zone = clock.now(), capacity.organization.time_zone
    if actor.may("governance.register.view"):
        context["waiting"] = items(list(selectors.open_requests()[:_SHOWN]), actor)
    if actor.may("audit.spend.view"):
        budgets = in_use(Budget.objects.filter(is_active=True, each=""), actor, time_zone=time_zone, now=now)
        context |= {
            "spend_chart": json.dumps(as_chart(last_days(now, time_zone, _DAYS), _COLOUR)),
            "spend_days": _DAYS,
            "spend_as_of": rollups.as_of(),
            "budgets_in_use": sorted(budgets, key=lambda use: -use.percent)[:_SHOWN],
        }
    return context | _gateway(now)


def _gateway(now: datetime) -> dict[str, Any]:
    """Workers that live, whether one has yet to take in a change, and how fast the last changes arrived."""
    return {
        "processes": list(living(now, using="default")),
        "behind": set(pending(now, using="default").values_list("id", flat=True)),
        "silent_after": int(SILENT_AFTER.total_seconds()),
        "acknowledged": SnapshotAcknowledgement.objects.select_related("process")[:_SHOWN],
    }
