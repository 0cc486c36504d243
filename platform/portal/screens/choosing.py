"""The models that an approval may be asked for, to choose one."""

from __future__ import annotations

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance import selectors
from governance.models import Model
from kit import clock
from portal.paging import next_page

PAGE = 50


class Sought(forms.Form):
    """Which models to choose from; `after` is the name that the page before ended with."""

    q = forms.CharField(required=False, max_length=200)
    after = forms.CharField(required=False, max_length=200)


def choose(request: HttpRequest) -> HttpResponse:
    """The models by name, with what stands in the way of asking, if anything does."""
    sought = Sought(request.GET)
    words, after = (sought.cleaned_data["q"], sought.cleaned_data["after"]) if sought.is_valid() else ("", "")
    of_model = {"model_id": OuterRef("id")}
    models = Model.objects.order_by("slug").annotate(
        waiting=Exists(selectors.open_requests().filter(**of_model)),
        approved=Exists(selectors.live_approvals(clock.now()).filter(**of_model)),
    )
    if words:
        models = models.filter(Q(slug__icontains=words) | Q(name__icontains=words) | Q(publisher__icontains=words))
    found = list(models.filter(slug__gt=after)[: PAGE + 1])
    shown = found[:PAGE]
    following = next_page(request, shown[-1].slug if len(found) > PAGE else None, parameter="after")
    context = {"models": shown, "words": words, "following": following, "is_first": not after}
    return render(request, "portal/approvals/choose.html", context)
