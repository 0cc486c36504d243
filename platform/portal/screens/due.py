"""The calendar of what comes to its day."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit import clock
from kit.context import Actor
from portal.due import MOST, coming
from portal.screens.guard import screen


@screen("governance.register.view")
def calendar(request: HttpRequest, actor: Actor) -> HttpResponse:
    due = coming(clock.now())
    context = {"due": due, "is_cut": len(due) == MOST, "may_ask": actor.may("governance.approval.request")}
    return render(request, "portal/life/due.html", context)
