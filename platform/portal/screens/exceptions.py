"""Exceptions on the portal: what runs by break glass or a waiver, what waits for somebody, and what is over."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance import selectors
from governance.models import BreakGlass, Waiver
from governance.services import break_glass, waivers
from kit import clock
from kit.context import Actor
from portal.screens.break_glass import obstacle as obstacle_to_glass
from portal.screens.guard import screen
from portal.screens.waivers import obstacle as obstacle_to_waiver
from tenants.selectors import names_of

TABS = [("waiting", "Waiting"), ("in_force", "In force"), ("ended", "Ended")]
_ENDED_SHOWN = 50


@screen("governance.register.view")
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What waits or is in force, whole; of what has ended the newest. What waits for the reader is marked."""
    now = clock.now()
    glasses, granted = list(selectors.break_glasses().prefetch_related("signatures")), list(selectors.waivers())
    glass_tabs: dict[str, list[BreakGlass]] = {
        "waiting": [row for row in glasses if row.is_waiting(now) or (row.needs_review and not row.is_in_force(now))],
        "in_force": [row for row in glasses if row.is_in_force(now)],
        "ended": [row for row in glasses if not row.is_live(now) and not row.needs_review][:_ENDED_SHOWN],
    }
    waiver_tabs: dict[str, list[Waiver]] = {
        "waiting": [row for row in granted if row.is_waiting(now)],
        "in_force": [row for row in granted if row.is_in_force(now)],
        "ended": [row for row in granted if not row.is_live(now)][:_ENDED_SHOWN],
    }
    unsettled = [row for row in glasses if row.is_waiting(now) or row.needs_review]
    counts = {name: len(glass_tabs[name]) + len(waiver_tabs[name]) for name, _ in TABS}
    tab = _tab(request.GET.get("tab"), counts)
    shown: list[Any] = [*glass_tabs[tab], *waiver_tabs[tab]]
    context = {
        "tab": tab,
        "tabs": TABS,
        "counts": counts,
        "glasses": glass_tabs[tab],
        "waivers": waiver_tabs[tab],
        "for_you": _for_you(actor, unsettled, waiver_tabs["waiting"]),
        "is_empty": not (glasses or granted),
        "people": names_of(row.asked_by_id for row in shown),
        "may_break_glass": actor.may(break_glass.DECIDE),
        "may_ask": actor.may(waivers.ASK),
    }
    return render(request, "portal/exceptions/list.html", context)


def _tab(asked_for: str | None, counts: dict[str, int]) -> str:
    """The one that is asked for, else the first that has something."""
    if asked_for in counts:
        return asked_for
    return next((name for name, count in counts.items() if count), "waiting")


def _for_you(actor: Actor, glasses: list[BreakGlass], waiting: list[Waiver]) -> set[Any]:
    return {row.id for row in glasses if not obstacle_to_glass(actor, row)} | {
        row.id for row in waiting if not obstacle_to_waiver(actor, row)
    }
