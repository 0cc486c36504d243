"""The end of a model's life: who still calls it, and the forms to announce it, take it back and come to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from audit.callers import Calling, callers_of
from governance.models import Life, Model
from governance.services import life
from kit import clock, errors
from kit.context import Actor
from kit.refusals import note_shown
from portal.screens.guard import screen
from portal.screens.named_row import NamedRowField
from portal.subjects import Subject, named


class DeprecationForm(forms.Form):
    last_day = forms.DateField(
        label="Last day on which it is called", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    successor = NamedRowField(
        (Model, "slug"),
        label="Successor",
        required=False,
        help_text="The name of another model, told to everybody who calls. Empty: none.",
    )
    reason = forms.CharField(
        label="Why", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), help_text="Shown on this page."
    )

    def __init__(self, model: Model, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._model = model

    def clean_successor(self) -> Model | None:
        successor: Model | None = self.cleaned_data["successor"]
        if successor is not None and (successor.life != Life.REGISTERED or successor.id == self._model.id):
            raise forms.ValidationError("A successor is another model, which does not end itself.")
        return successor

    def sunset_at(self) -> datetime:
        """The end of the last day, in the organisation's time zone."""
        last_day: date = self.cleaned_data["last_day"]
        return timezone.make_aware(datetime.combine(last_day + timedelta(days=1), time()))


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor, model_id: UUID) -> HttpResponse:
    """On POST announces its end, or changes what was announced."""
    model = get_object_or_404(Model.objects.select_related("successor"), id=model_id)
    form = DeprecationForm(model, request.POST or None, initial=_initial(model))
    if request.method != "POST" or not form.is_valid():
        return _page(request, actor, model, form, status=400 if form.errors else 200)

    def deprecate() -> str:
        life.deprecate(
            actor=actor,
            model=model,
            sunset_at=form.sunset_at(),
            successor=form.cleaned_data["successor"],
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
        return f"Every answer of {model} says from now on when it ends."

    return _act(request, actor, model, form, deprecate)


@require_POST
@screen("governance.register.manage")
def revoke(request: HttpRequest, actor: Actor, model_id: UUID) -> HttpResponse:
    model = get_object_or_404(Model.objects.select_related("successor"), id=model_id)

    def take_back() -> str:
        life.revoke_deprecation(actor=actor, model=model, now=clock.now())
        return f"The deprecation of {model} is taken back."

    return _act(request, actor, model, DeprecationForm(model, initial=_initial(model)), take_back)


@require_POST
@screen("governance.register.manage")
def retire(request: HttpRequest, actor: Actor, model_id: UUID) -> HttpResponse:
    model = get_object_or_404(Model.objects.select_related("successor"), id=model_id)

    def end() -> str:
        life.retire(actor=actor, model=model, now=clock.now())
        return f"{model} is retired."

    return _act(request, actor, model, DeprecationForm(model, initial=_initial(model)), end)


def _act(
    request: HttpRequest, actor: Actor, model: Model, form: DeprecationForm, perform: Callable[[], str]
) -> HttpResponse:
    """Does it and goes back to the page; a refusal is shown on it."""
    try:
        messages.success(request, perform())
    except errors.ChanceryError as refusal:
        note_shown(refusal)
        return _page(request, actor, model, form, refusal=refusal, status=refusal.status)
    return HttpResponseRedirect(reverse("model-life", args=[model.id]))


def _page(
    request: HttpRequest,
    actor: Actor,
    model: Model,
    form: DeprecationForm,
    *,
    refusal: errors.ChanceryError | None = None,
    status: int = 200,
) -> HttpResponse:
    step_up = ""
    if refusal is not None and refusal.code == "otp_required":
        step_up = f"{reverse('sign-in-code')}?{urlencode({'next': reverse('model-life', args=[model.id])})}"
    sees_callers = actor.may("audit.spend.view")
    context = {
        "model": model,
        "form": form,
        "refusal": refusal,
        "step_up": step_up,
        "is_over": model.is_over(clock.now()),
        "may_manage": actor.may(life.MANAGE),
        "sees_callers": sees_callers,
        "callers": _callers(model) if sees_callers else [],
    }
    return render(request, "portal/life/model.html", context, status=status)


def _callers(model: Model) -> list[tuple[Calling, list[Subject]]]:
    """Each with what its team, project and key are called, as far as they may be seen."""
    found = callers_of(model.slug, now=clock.now())
    places = [[one.team_id, one.project_id, one.api_key_id] for one in found]
    names = named(each for place in places for each in place if each is not None)
    return [(one, [names[each] for each in place if each in names]) for one, place in zip(found, places, strict=True)]


def _initial(model: Model) -> dict[str, Any]:
    if model.sunset_at is None:
        return {}
    return {
        "last_day": (timezone.localtime(model.sunset_at) - timedelta(microseconds=1)).date(),
        "successor": model.successor_id,
        "reason": model.deprecation_reason,
    }
