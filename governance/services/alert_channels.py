"""Channels that alerts are sent to: setting, moving, switching and trying them, as acts.

What is entered is sealed at once and shown to nobody again. Alerts leave the house by a channel, so that setting one
takes a one-time password.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit.ledger.append import append_act
from governance.delivery import destination
from governance.models import AlertChannel, AlertMessage, ChannelKind, MessageEvent, Severity
from governance.services.alert_rules import MANAGE
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import Team

MOST = 50


@dataclass(frozen=True, slots=True)
class Terms:
    name: str
    least_severity: Severity = Severity.WARNING
    is_active: bool = True


def add(
    *, actor: Actor, kind: ChannelKind, terms: Terms, url: str, secret: str, team: Team | None = None, now: datetime
) -> AlertChannel:
    """A channel for the alerts of a team, or of the organisation.

    Raises `errors.InvalidRequest` for an address or a secret that cannot be one; `errors.Conflict` for a name that is
    taken.
    """
    _require(actor, team.id if team else None)
    entered = destination.checked(kind, url, secret)
    channel = AlertChannel(
        organization_id=actor.organization_id,
        team=team,
        kind=kind,
        host=entered.host,
        set_by_id=actor.id,
        created_at=now,
    )
    channel.sealed = destination.seal(channel.id, entered)
    with transaction.atomic():
        if AlertChannel.objects.count() >= MOST:
            raise errors.Conflict(f"There are {MOST} channels already.")
        _set(channel, terms)
        channel.save(force_insert=True)
        _record(actor, "added", channel)
    return channel


def change(*, actor: Actor, channel: AlertChannel, terms: Terms) -> None:
    """Its name, from which severity it is told, and whether."""
    _require(actor, channel.team_id)
    with transaction.atomic():
        locked = AlertChannel.objects.select_for_update(of=("self",)).get(id=channel.id)
        _set(locked, terms)
        locked.save(update_fields=["name", "least_severity", "is_active"])
        _record(actor, "changed", locked)


def move(*, actor: Actor, channel: AlertChannel, url: str, secret: str) -> None:
    """To another address, with the secret that is good there."""
    _require(actor, channel.team_id)
    entered = destination.checked(ChannelKind(channel.kind), url, secret)
    with transaction.atomic():
        locked = AlertChannel.objects.select_for_update(of=("self",)).get(id=channel.id)
        locked.host, locked.sealed = entered.host, destination.seal(locked.id, entered)
        locked.set_by_id = actor.id
        locked.save(update_fields=["host", "sealed", "set_by"])
        _record(actor, "moved", locked)


def test(*, actor: Actor, channel: AlertChannel, now: datetime) -> AlertMessage:
    """Sends a message that says that it is a test, within a quarter of a minute."""
    permissions.require(actor, MANAGE)
    permissions.require_reach(actor, channel.team_id)
    if not channel.is_active:
        raise errors.Conflict("The channel is switched off.")
    with transaction.atomic():
        message = AlertMessage.objects.create(
            organization_id=actor.organization_id,
            channel=channel,
            event=MessageEvent.TEST,
            created_at=now,
            due_at=now,
        )
        _record(actor, "tested", channel)
    return message


def _require(actor: Actor, team_id: UUID | None) -> None:
    permissions.require(actor, MANAGE, otp=True)
    permissions.require_reach(actor, team_id)


def _set(channel: AlertChannel, terms: Terms) -> None:
    name = " ".join(terms.name.split())
    if not name or not name.isprintable() or len(name) > 100:
        raise errors.InvalidRequest("Name it in a hundred characters.", param="name")
    if AlertChannel.across_tenants.filter(organization_id=channel.organization_id, name=name).exclude(id=channel.id):
        raise errors.Conflict("Another channel is called that.")
    channel.name, channel.least_severity, channel.is_active = name, terms.least_severity, terms.is_active


def _record(actor: Actor, verb: str, channel: AlertChannel) -> None:
    append_act(
        actor=actor,
        action=f"governance.alert_channel.{verb}",
        object_kind="alert_channel",
        object_id=channel.id,
        details={
            "kind": channel.kind,
            "least_severity": Severity(channel.least_severity).name.lower(),
            "is_active": str(channel.is_active).lower(),
        },
        team_id=channel.team_id,
    )
