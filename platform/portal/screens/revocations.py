"""The kill switch: what was stopped lately and how soon that was in force, and the pages to stop and to go on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode

from governance.models import Approval, Deployment, Model, Provider, Suspension
from governance.services import suspensions
from governance.services.suspensions import CALLERS, KINDS, Subject
from kit import clock, errors
from kit.context import Actor
from kit.refusals import note_shown
from portal import revocations
from portal.screens.guard import screen
from tenants.models import ApiKey, Organization, Team

_OFFERED = 50
_LONGEST = 200
Choices = list[tuple[str, list[tuple[UUID, str]]]]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept, and shown to whoever may suspend and resume.",
        error_messages={"required": "Say why."},
    )


class StopForm(ReasonForm):
    cuts_calls = forms.BooleanField(required=False, label="End calls that run, too")


@screen("governance.suspension.view")
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    """To be stopped are offered the first of each kind whose names have the words."""
    may_stop = actor.may("governance.model.suspend")
    words = request.GET.get("q", "").strip().replace("\0", "")[:_LONGEST]
    context = {
        "revocations": revocations.latest(),
        "may_stop": may_stop,
        "choices": _choices(actor, words) if may_stop else [],
        "words": words,
    }
    return render(request, "portal/revocations/list.html", context)


@screen("governance.model.suspend")
def stop(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Says on GET what will happen, does it on POST. `subject` is an id, or the prefix of an API key."""
    subject = _named(request.GET.get("prefix", "").strip() or request.GET.get("subject", ""))
    form = StopForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            suspensions.suspend(actor=actor, subject=subject, now=clock.now(), **form.cleaned_data)
        except errors.ChanceryError as refusal:
            return _refused(request, _stopping(subject, form), form, refusal)
        messages.success(request, f"{subject} is suspended.")
        return HttpResponseRedirect(reverse("revocations"))
    return render(request, "portal/revocations/act.html", _stopping(subject, form), status=400 if form.errors else 200)


@screen("governance.model.suspend")
def resume(request: HttpRequest, actor: Actor, suspension_id: UUID) -> HttpResponse:
    """As `stop`, the other way round."""
    suspension = get_object_or_404(Suspension.objects, id=suspension_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    subject = _named(str(suspension.subject_id))
    context = {
        "title": f"Let calls of {subject} go on",
        "button": "Resume",
        "form": form,
        "lines": _resumed(suspension),
    }
    if request.method == "POST" and form.is_valid():
        try:
            suspensions.end(actor=actor, suspension=suspension, now=clock.now(), **form.cleaned_data)
        except errors.ChanceryError as refusal:
            return _refused(request, context, form, refusal)
        messages.success(request, f"{subject} is back in service.")
        return HttpResponseRedirect(reverse("revocations"))
    return render(request, "portal/revocations/act.html", context, status=400 if form.errors else 200)


def _choices(actor: Actor, words: str) -> Choices:
    """What may be stopped, but keys: those are named by prefix."""
    kinds: list[tuple[QuerySet[Any], str]] = [
        (Model.objects.all(), "slug"),
        (Provider.objects.all(), "name"),
        (Deployment.objects.select_related("model", "provider"), "model__slug"),
        (Approval.objects.select_related("model").filter(ended_at__isnull=True), "model__slug"),
    ]
    if actor.may("governance.caller.suspend"):
        kinds += [(Team.objects.all(), "name"), (Organization.objects.all(), "name")]
    found = []
    for rows, name in kinds:
        fitting = rows.filter(suspended_at__isnull=True, **{f"{name}__icontains": words})
        found.append((_label(rows), [(row.id, str(row)) for row in fitting[:_OFFERED]]))
    return [(label, choices) for label, choices in found if choices]


def _label(rows: QuerySet[Any]) -> str:
    return str(KINDS[rows.model].label)


def _named(identifier: str) -> Subject:
    """Raises `errors.NotFound`."""
    key = ApiKey.objects.filter(prefix=identifier).first()
    if key is not None:
        return key
    try:
        return suspensions.subject_of(UUID(identifier))
    except ValueError:
        raise errors.NotFound("Nothing that can be suspended has this id or prefix.") from None


def _stopping(subject: Subject, form: forms.Form) -> dict[str, Any]:
    what = "with it" if isinstance(subject, ApiKey) else "of it" if isinstance(subject, CALLERS) else "through it"
    lines = [
        f"Every call {what} is refused, on every worker within a second.",
        "Calls that run go on to their end unless you end them; those are told so within five seconds.",
        "Whoever resumes gives a one-time password, and a reason.",
    ]
    return {"title": f"Suspend {subject}", "button": "Suspend", "form": form, "lines": lines, "is_destructive": True}


def _resumed(suspension: Suspension) -> list[str]:
    return [f"It was suspended because: {suspension.reason}", "Calls are made again, on every worker within a second."]


def _refused(
    request: HttpRequest, context: dict[str, Any], form: forms.Form, refusal: errors.ChanceryError
) -> HttpResponse:
    note_shown(refusal)
    form.add_error(None, refusal.message)
    if refusal.code == "otp_required":
        context["step_up"] = f"{reverse('sign-in-code')}?{urlencode({'next': request.get_full_path()})}"
    return render(request, "portal/revocations/act.html", context, status=refusal.status)
