"""Waivers on the portal: asking, the page of one, and what is signed there."""

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

from governance import selectors
from governance.models import Approval, UseCase, WaivedCondition, Waiver
from governance.models.waiver import MOST_DAYS
from governance.services import waivers
from kit import clock, errors
from kit.context import Actor
from kit.data_class import DataClass
from kit.refusals import note_shown
from portal.screens.guard import screen
from portal.screens.signing import SignForm, code_page, signed
from portal.waived import said_by_approval
from tenants.selectors import names_of

_BEGUN = ("approval", "use_case", "condition", "max_data_class")  # what a link may fill in
_OWN_TEAMS = "Those of your teams; for one of the whole organisation somebody asks whose role is not bound to teams."


class AskForm(forms.Form):
    """What is waived of which approval, for which use case, and what is done instead."""

    approval = forms.ModelChoiceField(Approval.across_tenants.none(), empty_label="choose")
    use_case = forms.ModelChoiceField(
        UseCase.across_tenants.none(),
        empty_label="choose",
        help_text="Only calls that name it, by x-chancery-use-case, run by the waiver.",
    )
    condition = forms.ChoiceField(choices=WaivedCondition.choices, help_text="All others hold as always.")
    max_data_class = forms.TypedChoiceField(
        label="Most sensitive data that will be sent",
        choices=[("", "as the approval says"), *DataClass.choices()],
        coerce=lambda rank: DataClass(int(rank)),
        empty_value=None,
        required=False,
        help_text="For a waiver of the data class only.",
    )
    days = forms.IntegerField(
        min_value=1, max_value=MOST_DAYS, initial=90, help_text=f"At most {MOST_DAYS}, from now. It is not prolonged."
    )
    compensating_control = forms.CharField(
        label="What is done instead?", max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    reason = forms.CharField(
        label="Why is it needed?",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Whoever signs decides by this.",
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing = Approval.objects.filter(ended_at__isnull=True).select_related("model")
        use_cases = selectors.use_cases_in_service()
        if actor.team_ids is not None:
            use_cases = use_cases.filter(team__in=actor.team_ids)
            self.fields["use_case"].help_text += f" {_OWN_TEAMS}"
        for name, rows in (("approval", standing), ("use_case", use_cases)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows
        self.lacks = _lacking(standing.exists(), use_cases.exists())


@screen(waivers.ASK)
def ask(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = AskForm(actor, request.POST or None, initial={name: request.GET.get(name) for name in _BEGUN})
    if request.method == "POST" and form.is_valid():
        try:
            asked = _ask(actor, form.cleaned_data)
        except errors.ChanceryError as refusal:
            note_shown(refusal)
            form.add_error(refusal.param if refusal.param in form.fields else None, refusal.message)
            return render(request, "portal/exceptions/ask_waiver.html", {"form": form}, status=refusal.status)
        messages.success(request, "The waiver is in force as soon as two others have signed it.")
        return HttpResponseRedirect(reverse("waiver", args=[asked.id]))
    return render(request, "portal/exceptions/ask_waiver.html", {"form": form}, status=400 if form.errors else 200)


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor, waiver_id: UUID) -> HttpResponse:
    """Reading a link signs nothing."""
    waiver = _waiver(waiver_id)
    return _page(request, actor, waiver, SignForm(initial={"signed_hash": waiver.content_hash}))


@require_POST
@screen("governance.register.view")
def sign(request: HttpRequest, actor: Actor, waiver_id: UUID) -> HttpResponse:
    def act(waiver: Waiver, entered: dict[str, Any]) -> str:
        now = clock.now()
        is_granted = waivers.sign(actor=actor, waiver=waiver, now=now, **entered).is_in_force(now)
        return "The waiver is in force." if is_granted else "Signed. It waits for another signature."

    return _done(request, actor, waiver_id, act)


@require_POST
@screen("governance.register.view")
def end(request: HttpRequest, actor: Actor, waiver_id: UUID) -> HttpResponse:
    def act(waiver: Waiver, entered: dict[str, Any]) -> str:
        waivers.end(actor=actor, waiver=waiver, reason=entered["reason"], now=clock.now())
        return "The waiver has ended."

    return _done(request, actor, waiver_id, act)


def obstacle(actor: Actor, waiver: Waiver) -> str:
    """Why this person does not sign it; empty where they may, given a one-time password."""
    if not actor.may(waivers.SIGN):
        return "Your role does not sign waivers; compliance officers and administrators do."
    if actor.id == waiver.asked_by_id:
        return "You asked for it yourself. Two others sign."
    if waivers.has_signed(actor, waiver):
        return "You have signed. It waits for somebody else; one of the two is a compliance officer."
    return ""


def _lacking(has_approvals: bool, has_use_cases: bool) -> str:
    """What there must be before anything is waived; empty where it is there."""
    if not has_approvals:
        return "No model is approved yet"
    return "" if has_use_cases else "No use case that you may ask for is registered yet"


def _ask(actor: Actor, entered: dict[str, Any]) -> Waiver:
    terms = waivers.Terms(
        WaivedCondition(entered["condition"]),
        entered["compensating_control"],
        entered["days"],
        entered["max_data_class"],
    )
    return waivers.ask(
        actor=actor,
        approval=entered["approval"],
        use_case=entered["use_case"],
        reason=entered["reason"],
        terms=terms,
        now=clock.now(),
    )


def _done(
    request: HttpRequest, actor: Actor, waiver_id: UUID, act: Callable[[Waiver, dict[str, Any]], str]
) -> HttpResponse:
    waiver = _waiver(waiver_id)
    return signed(
        request,
        reverse("waiver", args=[waiver_id]),
        lambda entered: act(waiver, entered),
        lambda form, status: _page(request, actor, waiver, form, status),
    )


def _waiver(waiver_id: UUID) -> Waiver:
    return get_object_or_404(selectors.waivers(), id=waiver_id)


def _page(request: HttpRequest, actor: Actor, waiver: Waiver, form: SignForm, status: int = 200) -> HttpResponse:
    now = clock.now()
    signatures = list(waiver.signatures.all())
    context = {
        "waiver": waiver,
        "said_by_approval": said_by_approval(waiver),
        "form": form,
        "signatures": signatures,
        "people": names_of([waiver.asked_by_id, *(each.signed_by_id for each in signatures)]),
        "is_waiting": waiver.is_waiting(now),
        "is_in_force": waiver.is_in_force(now),
        "obstacle": obstacle(actor, waiver),
        "step_up": "" if actor.otp_verified else code_page(request, reverse("waiver", args=[waiver.id])),
        "may_end": waiver.is_live(now) and actor.may(waivers.ASK) and waivers.may_end(actor, waiver),
    }
    return render(request, "portal/exceptions/waiver.html", context, status=status)
