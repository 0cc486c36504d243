"""The calendar of what comes to its day."""

from __future__ import annotations

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit import clock
from kit.context import Actor
from portal.due import PAGE, Place, coming
from portal.paging import next_page
from portal.screens.guard import screen


@screen("governance.register.view")
def calendar(request: HttpRequest, actor: Actor) -> HttpResponse:
    after = None
    with suppress(ValueError):  # an address that somebody has cut short shows the first page
        after = Place.read(request.GET.get("after", ""))
    found = coming(clock.now(), after, PAGE + 1)
    due = found[:PAGE]
    context = {
        "due": due,
        "following": next_page(request, str(due[-1].place) if len(found) > PAGE else None, parameter="after"),
        "is_first": after is None,
        "may_ask": actor.may("governance.approval.request"),
    }
    return render(request, "portal/life/due.html", context)
