"""Who may open a screen, and where a page may send on to."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from kit.context import Actor
from tenants import permissions

Rest = ParamSpec("Rest")


def screen(
    act: str = "portal.view",
) -> Callable[[Callable[Concatenate[HttpRequest, Actor, Rest], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """A page for whoever may do `act`. The view is given the actor; nobody signed in is sent to sign in first."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, Actor, Rest], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            actor: Actor | None = getattr(request, "actor", None)
            if actor is None:
                return HttpResponseRedirect(f"{reverse('sign-in')}?{urlencode({'next': request.get_full_path()})}")
            permissions.require(actor, act)
            return view(request, actor, *args, **kwargs)

        return guarded

    return decorate


def safe_next(request: HttpRequest, fallback: str = "/") -> str:
    """The address a form or link asks to go on to, if it is one of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else fallback
