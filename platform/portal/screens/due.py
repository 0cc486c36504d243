"""The calendar of what comes to its day."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit import clock
from kit.context import Actor
from portal.due import coming
from portal.screens.guard import screen


@screen("governance.register.view")
def calendar(request: HttpRequest, actor: Actor) -> HttpResponse:
    context = {"due": coming(clock.now()), "may_ask": actor.may("governance.approval.request")}
    return render(request, "portal/life/due.html", context)
