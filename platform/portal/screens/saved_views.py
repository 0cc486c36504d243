"""Keeping views of pages, and those that are kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from kit import clock
from kit.context import Actor
from portal import saved_views
from portal.models import LONGEST_QUERY, SavedView
from portal.screens.guard import screen
from tenants.selectors import names_of

Shown = Callable[[HttpRequest, Actor], HttpResponseBase]


class ViewForm(forms.Form):
    page = forms.ChoiceField(choices=list(saved_views.PAGES.items()))
    query = forms.CharField(required=False, max_length=2 * LONGEST_QUERY)
    name = forms.CharField(max_length=100)
    is_shared = forms.BooleanField(required=False)
    is_default = forms.BooleanField(required=False)


class ChangeForm(forms.Form):
    is_shared = forms.BooleanField(required=False)
    is_default = forms.BooleanField(required=False)


def with_default(page: str) -> Callable[[Shown], Shown]:
    """Opens the person's default view where the page is asked for without any query."""

    def decorate(show: Shown) -> Shown:
        @wraps(show)
        def shown(request: HttpRequest, actor: Actor) -> HttpResponseBase:
            query = "" if request.GET else saved_views.default_of(actor, page)
            return HttpResponseRedirect(f"{request.path}?{query}") if query else show(request, actor)

        return shown

    return decorate


@screen()
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    views = list(saved_views.views_of(actor))
    rows = [(view, saved_views.address_of(view)) for view in views]
    context = {"rows": rows, "pages": saved_views.PAGES, "people": names_of(view.owner_id for view in views)}
    return render(request, "portal/views/list.html", context)


@require_POST
@screen()
def save(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = ViewForm(request.POST)
    if not form.is_valid():
        context = {"form": form, "rows": [], "pages": saved_views.PAGES}
        return render(request, "portal/views/list.html", context, status=400)
    view = saved_views.save(actor=actor, now=clock.now(), **form.cleaned_data)
    messages.success(request, f"The view is kept as {view.name}.")
    return HttpResponseRedirect(saved_views.address_of(view))


@require_POST
@screen()
def change(request: HttpRequest, actor: Actor, view_id: UUID) -> HttpResponse:
    form, view = ChangeForm(request.POST), _own(actor, view_id)
    form.is_valid()
    saved_views.change(actor=actor, view=view, **form.cleaned_data)
    return HttpResponseRedirect(reverse("views"))


@require_POST
@screen()
def remove(request: HttpRequest, actor: Actor, view_id: UUID) -> HttpResponse:
    view = _own(actor, view_id)
    saved_views.remove(actor=actor, view_id=view.id)
    messages.success(request, f"{view.name} is removed.")
    return HttpResponseRedirect(reverse("views"))


def _own(actor: Actor, view_id: UUID) -> SavedView:
    view = SavedView.objects.filter(id=view_id, owner_id=actor.id).first()
    if view is None:
        raise Http404
    return view
