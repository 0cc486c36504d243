"""What one is told, and how."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from governance.models import Notice, NoticeKind, NoticeWay
from governance.services import notices
from kit import clock
from kit.context import Actor
from portal.mail import server
from portal.notice_words import told
from portal.paging import next_page
from portal.screens.guard import safe_next, screen

PAGE = 50


class Filters(forms.Form):
    unread = forms.BooleanField(required=False)
    before = forms.UUIDField(required=False)


class ReadForm(forms.Form):
    notice = forms.UUIDField(required=False)


class WaysForm(forms.Form):
    """A choice for each kind of notice."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for kind in NoticeKind:
            self.fields[kind.value] = forms.ChoiceField(label=kind.label, choices=NoticeWay.choices)


@screen()
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Newest first. Opening one reads it on no GET: that is said with a button."""
    filters = Filters(request.GET)
    filters.is_valid()
    before: UUID | None = filters.cleaned_data.get("before")
    rows = Notice.objects.filter(person_id=actor.id)
    if filters.cleaned_data.get("unread"):
        rows = rows.filter(read_at__isnull=True)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: PAGE + 1])
    context = {
        "notices": told(found[:PAGE]),
        "following": next_page(request, found[PAGE - 1].id if len(found) > PAGE else None),
        "is_first": before is None,
        "only_unread": bool(filters.cleaned_data.get("unread")),
    }
    return render(request, "portal/notices/list.html", context)


@require_POST
@screen()
def mark_read(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The one that is named, or all."""
    form = ReadForm(request.POST)
    one = form.cleaned_data["notice"] if form.is_valid() else None
    if one is None and request.POST.get("notice"):
        return HttpResponseRedirect(reverse("notices"))
    notices.read(actor=actor, notices=None if one is None else [one], now=clock.now())
    return HttpResponseRedirect(safe_next(request, reverse("notices")))


@screen()
def preferences(request: HttpRequest, actor: Actor) -> HttpResponse:
    """How to be told of what."""
    form = WaysForm(request.POST if request.method == "POST" else None, initial=notices.ways_of(actor))
    if request.method == "POST" and form.is_valid():
        chosen = {NoticeKind(kind): NoticeWay(way) for kind, way in form.cleaned_data.items()}
        notices.prefer(actor=actor, ways=chosen)
        messages.success(request, "You are told that way from now on.")
        return HttpResponseRedirect(reverse("notices"))
    context = {"form": form, "has_mail": server.is_on()}
    return render(request, "portal/notices/preferences.html", context, status=400 if form.errors else 200)
