"""What an object was before and is now, by its id: also of what is deleted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit.context import Actor
from portal.screens.guard import screen
from portal.subjects import named


class Wanted(forms.Form):
    object = forms.UUIDField(label="Id of the object")


@screen("audit.act.view")
def show(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The page of an id that is nobody's is that of one without a history."""
    wanted = Wanted(request.GET or None)
    context: dict[str, Any] = {"wanted": wanted}
    if wanted.is_valid():
        identifier = wanted.cleaned_data["object"]
        context |= {"object_id": identifier, "subject": named([identifier]).get(identifier)}
    return render(request, "portal/history/show.html", context)
