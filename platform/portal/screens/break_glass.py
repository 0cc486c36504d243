"""Break glass on the portal: asking, the page of one, and what is signed there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from governance.models import BreakGlass, Model, SignatureKind
from governance.models.break_glass import MOST_HOURS
from governance.services import break_glass
from kit import clock, errors
from kit.context import Actor
from kit.data_class import DataClass
from kit.refusals import note_shown
from portal.screens.guard import screen
from portal.screens.signing import SignForm, code_page, signed
from tenants.models import Team
from tenants.selectors import names_of


class AskForm(forms.Form):
    """Whom the model is opened for, for what, and for how long."""

    model = forms.ModelChoiceField(Model.across_tenants.none(), empty_label="choose")
    team = forms.ModelChoiceField(Team.across_tenants.none(), required=False, empty_label="the whole organisation")
    max_data_class = forms.TypedChoiceField(
        label="Most sensitive data that will be sent",
        choices=DataClass.choices(),
        coerce=lambda rank: DataClass(int(rank)),
        initial=DataClass.INTERNAL,
    )
    hours = forms.IntegerField(
        min_value=1, max_value=MOST_HOURS, initial=4, help_text=f"At most {MOST_HOURS}, from now. It is not prolonged."
    )
    reason = forms.CharField(
        label="What is the emergency?",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Whoever countersigns and whoever reviews decides by this.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("model", Model.objects.all()), ("team", Team.objects.all())):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows


@screen(break_glass.DECIDE)
def ask(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = AskForm(request.POST or None, initial={"model": request.GET.get("model")})
    step_up = "" if actor.otp_verified else code_page(request)
    if request.method == "POST" and form.is_valid():
        entered = form.cleaned_data
        terms = break_glass.Terms(entered["team"], entered["max_data_class"], entered["hours"])
        try:
            asked = break_glass.ask(
                actor=actor, model=entered["model"], reason=entered["reason"], terms=terms, now=clock.now()
            )
        except errors.ChanceryError as refusal:
            note_shown(refusal)
            form.add_error(None, refusal.message)
            context = {"form": form, "step_up": step_up}
            return render(request, "portal/exceptions/ask.html", context, status=refusal.status)
        messages.success(request, f"{asked.model} is opened as soon as a second person countersigns.")
        return HttpResponseRedirect(reverse("exception", args=[asked.id]))
    context = {"form": form, "step_up": step_up}
    return render(request, "portal/exceptions/ask.html", context, status=400 if form.errors else 200)


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor, glass_id: UUID) -> HttpResponse:
    """Reading a link signs nothing."""
    glass = _glass(glass_id)
    return _page(request, actor, glass, SignForm(initial={"signed_hash": glass.content_hash}))


@require_POST
@screen("governance.register.view")
def countersign(request: HttpRequest, actor: Actor, glass_id: UUID) -> HttpResponse:
    def act(glass: BreakGlass, signed: dict[str, Any]) -> str:
        break_glass.countersign(actor=actor, glass=glass, now=clock.now(), **signed)
        return f"{glass.model} is open. Somebody else reviews it."

    return _done(request, actor, glass_id, act)


@require_POST
@screen("governance.register.view")
def review(request: HttpRequest, actor: Actor, glass_id: UUID) -> HttpResponse:
    is_justified = request.POST.get("finding") == SignatureKind.JUSTIFIED

    def act(glass: BreakGlass, signed: dict[str, Any]) -> str:
        break_glass.review(actor=actor, glass=glass, is_justified=is_justified, **signed)
        return f"Your finding is kept: {'justified' if is_justified else 'not justified'}."

    return _done(request, actor, glass_id, act)


@require_POST
@screen("governance.register.view")
def end(request: HttpRequest, actor: Actor, glass_id: UUID) -> HttpResponse:
    def act(glass: BreakGlass, signed: dict[str, Any]) -> str:
        break_glass.end(actor=actor, glass=glass, reason=signed["reason"], now=clock.now())
        return f"{glass.model} is shut again."

    return _done(request, actor, glass_id, act)


def obstacle(actor: Actor, glass: BreakGlass) -> str:
    """Why this person signs nothing now; empty where they may, given a one-time password."""
    if not actor.may(break_glass.DECIDE):
        return "Your role does not decide; compliance officers and administrators do."
    if actor.id == glass.asked_by_id:
        return "You asked for it yourself. Others countersign and review."
    if any(each.kind == SignatureKind.COUNTERSIGN and each.signed_by_id == actor.id for each in glass.signatures.all()):
        return "You countersigned. Somebody else reviews."
    return ""


def _done(
    request: HttpRequest, actor: Actor, glass_id: UUID, act: Callable[[BreakGlass, dict[str, Any]], str]
) -> HttpResponse:
    glass = _glass(glass_id)
    return signed(
        request,
        reverse("exception", args=[glass_id]),
        lambda entered: act(glass, entered),
        lambda form, status: _page(request, actor, glass, form, status),
    )


def _glass(glass_id: UUID) -> BreakGlass:
    rows = BreakGlass.objects.select_related("model", "team").prefetch_related("signatures")
    return get_object_or_404(rows, id=glass_id)


def _page(request: HttpRequest, actor: Actor, glass: BreakGlass, form: SignForm, status: int = 200) -> HttpResponse:
    now = clock.now()
    signatures = list(glass.signatures.all())
    context = {
        "glass": glass,
        "form": form,
        "signatures": signatures,
        "people": names_of([glass.asked_by_id, *(each.signed_by_id for each in signatures)]),
        "is_waiting": glass.is_waiting(now),
        "is_in_force": glass.is_in_force(now),
        "obstacle": obstacle(actor, glass),
        "step_up": "" if actor.otp_verified else code_page(request, reverse("exception", args=[glass.id])),
        "may_end": glass.is_live(now) and actor.may(break_glass.DECIDE) and break_glass.may_end(actor, glass),
    }
    return render(request, "portal/exceptions/show.html", context, status=status)
