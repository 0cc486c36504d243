"""Models that callers ask for and the register does not have, and the way to list them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit.context import Actor
from portal import shadow_use
from portal.screens.guard import screen


@screen("audit.request.view")
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    context = {"rows": shadow_use.latest(), "may_register": actor.may("governance.register.manage")}
    return render(request, "portal/shadow_use.html", context)
