"""Where alerts are sent to, on the portal: channels, what became of their messages, and trying one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from governance.models import AlertChannel, AlertMessage, ChannelKind, Severity
from governance.services import alert_channels
from governance.services.alert_rules import MANAGE
from kit import clock, errors
from kit.context import Actor
from kit.refusals import note_shown
from portal.screens.guard import screen
from portal.screens.signing import code_page
from tenants.models import Team

_LATEST = 30
_SECRET = forms.PasswordInput(attrs={"autocomplete": "off"})


class TermsForm(forms.Form):
    name = forms.CharField(max_length=100)
    least_severity = forms.TypedChoiceField(
        label="Told from", choices=Severity.choices, coerce=lambda value: Severity(int(value)), initial=Severity.WARNING
    )
    is_active = forms.BooleanField(label="Switched on", required=False, initial=True)

    @property
    def terms(self) -> alert_channels.Terms:
        return alert_channels.Terms(**{name: self.cleaned_data[name] for name in TermsForm.base_fields})


class DestinationForm(forms.Form):
    """Never shown again once it is entered: the field begins empty."""

    url = forms.CharField(
        label="Address",
        max_length=2000,
        required=False,
        widget=_SECRET,
        help_text="Of Slack's incoming webhook, or yours. Empty for PagerDuty's own.",
    )
    secret = forms.CharField(
        max_length=500,
        required=False,
        widget=_SECRET,
        help_text="PagerDuty's routing key, or what your webhook checks signatures with (24 characters at least).",
    )


class ChannelForm(TermsForm, DestinationForm):
    kind = forms.ChoiceField(choices=ChannelKind.choices)
    team = forms.ModelChoiceField(Team.across_tenants.none(), required=False, empty_label="the whole organisation")
    field_order = ("kind", "name", "team", "url", "secret", "least_severity", "is_active")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["team"].queryset = Team.objects.all()  # type: ignore[attr-defined]


@screen(MANAGE)
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    channels = list(AlertChannel.objects.select_related("team"))
    return render(request, "portal/alerts/channels.html", {"channels": [(row, _least(row)) for row in channels]})


@screen(MANAGE)
def add(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = ChannelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        entered = form.cleaned_data
        try:
            made = alert_channels.add(
                actor=actor,
                kind=ChannelKind(entered["kind"]),
                terms=form.terms,
                url=entered["url"],
                secret=entered["secret"],
                team=entered["team"],
                now=clock.now(),
            )
        except (errors.InvalidRequest, errors.Conflict, errors.Forbidden) as refusal:
            note_shown(refusal)
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"{made} is there: send it a test.")
            return _to(made)
    context = {"form": form, "step_up": "" if actor.otp_verified else code_page(request)}
    return render(request, "portal/alerts/channel_add.html", context, status=400 if form.errors else 200)


@screen(MANAGE)
def show(request: HttpRequest, actor: Actor, channel_id: UUID) -> HttpResponse:
    return _page(request, actor, _channel(channel_id))


@require_POST
@screen(MANAGE)
def change(request: HttpRequest, actor: Actor, channel_id: UUID) -> HttpResponse:
    channel, form = _channel(channel_id), TermsForm(request.POST)
    if form.is_valid():
        try:
            alert_channels.change(actor=actor, channel=channel, terms=form.terms)
        except (errors.InvalidRequest, errors.Conflict, errors.Forbidden) as refusal:
            note_shown(refusal)
            form.add_error(None, refusal.message)
        else:
            messages.success(request, "It is told that way from now on.")
            return _to(channel)
    return _page(request, actor, channel, terms=form)


@require_POST
@screen(MANAGE)
def move(request: HttpRequest, actor: Actor, channel_id: UUID) -> HttpResponse:
    channel, form = _channel(channel_id), DestinationForm(request.POST)
    if form.is_valid():
        try:
            alert_channels.move(actor=actor, channel=channel, **form.cleaned_data)
        except (errors.InvalidRequest, errors.Forbidden) as refusal:
            note_shown(refusal)
            form.add_error(None, refusal.message)
        else:
            messages.success(request, "Alerts go there from now on.")
            return _to(channel)
    return _page(request, actor, channel, destination=form)


@require_POST
@screen(MANAGE)
def test(request: HttpRequest, actor: Actor, channel_id: UUID) -> HttpResponse:
    channel = _channel(channel_id)
    try:
        alert_channels.test(actor=actor, channel=channel, now=clock.now())
    except (errors.Conflict, errors.Forbidden) as refusal:
        note_shown(refusal)
        messages.error(request, refusal.message)
    else:
        messages.success(request, "A test is on its way. What became of it stands below in a quarter of a minute.")
    return _to(channel)


def _channel(channel_id: UUID) -> AlertChannel:
    return get_object_or_404(AlertChannel.objects.select_related("team"), id=channel_id)


def _to(channel: AlertChannel) -> HttpResponse:
    return HttpResponseRedirect(reverse("alert-channel", args=[channel.id]))


def _least(channel: AlertChannel) -> str:
    return Severity(channel.least_severity).label.lower()


def _page(
    request: HttpRequest,
    actor: Actor,
    channel: AlertChannel,
    terms: TermsForm | None = None,
    destination: DestinationForm | None = None,
) -> HttpResponse:
    initial = {name: getattr(channel, name) for name in TermsForm.base_fields}
    page = reverse("alert-channel", args=[channel.id])
    context = {
        "channel": channel,
        "least": _least(channel),
        "sent": list(AlertMessage.objects.filter(channel=channel).order_by("-id")[:_LATEST]),
        "terms_form": terms or TermsForm(initial=initial, auto_id="terms_%s"),
        "destination_form": destination or DestinationForm(auto_id="destination_%s"),
        "step_up": "" if actor.otp_verified else code_page(request, page),
        "may_change": actor.team_ids is None or channel.team_id in actor.team_ids,
    }
    refused = terms or destination
    return render(request, "portal/alerts/channel.html", context, status=400 if refused else 200)
