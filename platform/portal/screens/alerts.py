"""Alerts on the portal: what is open, what one of them is made of, acknowledging and muting."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from governance.delivery import words
from governance.models import Alert, AlertMessage, Severity
from governance.services import alerts
from kit import clock, errors
from kit.context import Actor
from kit.refusals import note_shown
from portal.alert_words import drivers_of
from portal.paging import next_page
from portal.screens.guard import screen
from tenants.selectors import names_of

PAGE = 50
_TABS = [("open", "Open"), ("acknowledged", "Acknowledged"), ("muted", "Muted"), ("all", "All")]
_BADGES = {Severity.INFO: "info", Severity.WARNING: "warn", Severity.CRITICAL: "bad"}


class Filters(forms.Form):
    tab = forms.ChoiceField(choices=_TABS, required=False)
    before = forms.UUIDField(required=False)


class MuteForm(forms.Form):
    hours = forms.TypedChoiceField(
        label="For",
        coerce=int,
        choices=[(1, "an hour"), (8, "8 hours"), (24, "a day"), (72, "3 days"), (168, "a week"), (720, "30 days")],
        initial=24,
    )
    reason = forms.CharField(label="Why", max_length=1000, help_text="Whoever is not told can read it here.")


@screen(alerts.VIEW)
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Newest first."""
    filters = Filters(request.GET)
    chosen = filters.cleaned_data if filters.is_valid() else {}
    tab: str = chosen.get("tab") or "open"
    before: UUID | None = chosen.get("before")
    rows = _of_tab(tab).select_related("team")
    found = list((rows.filter(id__lt=before) if before else rows).order_by("-id")[: PAGE + 1])
    context = {
        "rows": [_row(alert) for alert in found[:PAGE]],
        "tab": tab,
        "tabs": _TABS,
        "waiting": alerts.waiting_of(actor),
        "is_first": before is None,
        "following": next_page(request, found[PAGE - 1].id if len(found) > PAGE else None),
        "may_manage": actor.may("governance.alert_rule.manage"),
    }
    return render(request, "portal/alerts/list.html", context)


@screen(alerts.VIEW)
def show(request: HttpRequest, actor: Actor, alert_id: UUID) -> HttpResponse:
    return _page(request, actor, _alert(alert_id))


@require_POST
@screen(alerts.HANDLE)
def acknowledge(request: HttpRequest, actor: Actor, alert_id: UUID) -> HttpResponse:
    alert = _alert(alert_id)
    try:
        alerts.acknowledge(actor=actor, alert=alert, now=clock.now())
    except errors.Conflict as refusal:
        note_shown(refusal)
        messages.error(request, refusal.message)
    else:
        messages.success(request, "Others see that somebody is at it.")
    return _back(alert)


@require_POST
@screen(alerts.HANDLE)
def mute(request: HttpRequest, actor: Actor, alert_id: UUID) -> HttpResponse:
    alert, form = _alert(alert_id), MuteForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, alert, form)
    made = alerts.mute(actor=actor, alert=alert, now=clock.now(), **form.cleaned_data)
    messages.success(request, f"Nobody is told of it until {made.ends_at:%d %b %Y %H:%M} UTC.")
    return _back(alert)


@require_POST
@screen(alerts.HANDLE)
def unmute(request: HttpRequest, actor: Actor, alert_id: UUID) -> HttpResponse:
    alert = _alert(alert_id)
    alerts.unmute(actor=actor, alert=alert, now=clock.now())
    messages.success(request, "People and channels are told of it again.")
    return _back(alert)


def _of_tab(tab: str) -> QuerySet[Alert]:
    if tab == "all":
        return Alert.objects.all()
    rows, quiet = alerts.open_alerts(), _muted()
    if tab == "muted":
        return rows.filter(quiet)
    return rows.exclude(quiet).filter(acknowledged_at__isnull=tab == "open")


def _muted() -> Q:
    """Alerts whose kind and subject are muted now."""
    found = Q(pk__in=[])
    for kind, subject_key in alerts.muted(clock.now()).values_list("kind", "subject_key"):
        found |= Q(kind=kind, subject_key=subject_key)
    return found


def _alert(alert_id: UUID) -> Alert:
    return get_object_or_404(Alert.objects.select_related("team"), id=alert_id)


def _back(alert: Alert) -> HttpResponse:
    return HttpResponseRedirect(reverse("alert", args=[alert.id]))


def _row(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert,
        "seen": words.amount(alert, alert.seen),
        "bound": words.amount(alert, alert.bound),
        "expected": "" if alert.expected is None else words.amount(alert, alert.expected),
        "severity": Severity(alert.severity).label,
        "badge": _BADGES[Severity(alert.severity)],
    }


def _page(request: HttpRequest, actor: Actor, alert: Alert, form: MuteForm | None = None) -> HttpResponse:
    muted = alerts.muted(clock.now()).filter(kind=alert.kind, subject_key=alert.subject_key).first()
    people = [one for one in (alert.acknowledged_by_id, muted.muted_by_id if muted else None) if one]
    reaches = actor.team_ids is None or alert.team_id in actor.team_ids
    context = {
        **_row(alert),
        "drivers": drivers_of(alert),
        "muted": muted,
        "people": names_of(people),
        "told": list(AlertMessage.objects.filter(alert=alert).select_related("channel").order_by("id")),
        "others": list(_before(alert)),
        "may_handle": actor.may(alerts.HANDLE) and reaches,
        "form": form or MuteForm(),
    }
    return render(request, "portal/alerts/show.html", context, status=400 if form else 200)


def _before(alert: Alert) -> QuerySet[Alert]:
    """The same kind on the same subject, lately."""
    same = Alert.objects.filter(kind=alert.kind, subject_key=alert.subject_key)
    return same.exclude(id=alert.id).order_by("-id")[:5]
