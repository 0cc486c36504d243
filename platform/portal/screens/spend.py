"""What was spent: by group and over time, what changed, and why. Everything shown is a link to what it consists of."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from audit.usage import rollups
from audit.usage.totals import Period
from audit.usage.under_way import HELD_BY, held_nano_usd
from kit import clock, money
from kit.context import Actor
from portal import export
from portal.capacities import Capacity
from portal.screens.guard import screen
from portal.screens.saved_views import with_default
from portal.spend import capping, chart, periods, story
from portal.spend.dimensions import DIMENSIONS
from portal.spend.wanted import Wanted, read


@screen("audit.spend.view")
@with_default("spend")
def show(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    now, time_zone = clock.now(), capacity.organization.time_zone
    has_one_team = actor.team_ids is not None and len(actor.team_ids) == 1
    wanted, form = read(request.GET, now=now, zone=ZoneInfo(time_zone), has_one_team=has_one_team)
    context: dict[str, Any] = {
        "form": form,
        "wanted": wanted,
        "time_zone": time_zone,
        "narrowed_by": _narrowed_by(wanted),
        "others": [(each, wanted.told_apart(each).address()) for each in DIMENSIONS.values()],
        "caps": capping.offered(wanted, actor),
    }
    if wanted.is_counted():
        context |= _told(wanted, periods.period(wanted.first, wanted.last, now, time_zone))
        if export.is_wanted(request):
            return export.download(request, _table(wanted, context["story"]))
    return render(request, "portal/spend/page.html", context)


def _told(wanted: Wanted, present: Period) -> dict[str, Any]:
    now = clock.now()
    told = story.tell(wanted, present, periods.before(wanted.named, present))
    return {
        "story": told,
        "chart": chart.draw(wanted, present, told.lines, now),
        "as_of": rollups.as_of(),
        "held": _held(wanted, present),
        "before": periods.before(wanted.named, present),
    }


def _table(wanted: Wanted, told: story.Story) -> export.Table:
    columns = [wanted.by.title, "Settled, USD", "Estimated of it, USD", "Before, USD", "Change, USD", "Requests"]
    columns += ["Not completed", "Input tokens", "Output tokens"]
    rows: list[list[export.Cell]] = [
        [
            line.name,
            *map(money.to_usd, (line.figures.nano_usd, line.figures.estimated_nano_usd, line.before, line.change)),
            line.figures.requests,
            line.figures.errors,
            line.figures.input_tokens,
            line.figures.output_tokens,
        ]
        for line in told.lines
    ]
    return export.Table(f"spend-by-{wanted.by.name}-{wanted.first}-{wanted.last}", columns, rows)


def _held(wanted: Wanted, present: Period) -> int | None:
    """None of a time that is past, or of what a hold cannot be told apart by."""
    now = clock.now()
    is_present = present.until.astimezone(present.zone).date() >= now.astimezone(present.zone).date()
    if not is_present or wanted.label or not HELD_BY >= set(wanted.columns):
        return None
    return held_nano_usd(now, wanted.columns)


def _narrowed_by(wanted: Wanted) -> list[tuple[str, str, str]]:
    """(what, its value, the address without it)"""
    return [
        (DIMENSIONS[name].title, DIMENSIONS[name].called([value])[value], wanted.without(name).address())
        for name, value in wanted.of.items()
    ]
