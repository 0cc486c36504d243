"""What people do about alerts: acknowledging one, and muting what is told of its subject, as acts."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from audit.ledger.append import append_act
from governance import hints
from governance.models import Alert, AlertMute, MessageEvent
from kit import errors
from kit.context import Actor
from tenants import permissions

VIEW, HANDLE = "governance.alert.view", "governance.alert.handle"
LONGEST = timedelta(days=30)


def acknowledge(*, actor: Actor, alert: Alert, now: datetime) -> None:
    """Says that somebody is at it; channels that were told of it are told. Again changes nothing."""
    permissions.require(actor, HANDLE)
    _require_reach(actor, alert)
    with transaction.atomic():
        locked = Alert.objects.select_for_update(of=("self",)).get(id=alert.id)
        if locked.acknowledged_at is not None:
            return
        if locked.resolved_at is not None:
            raise errors.Conflict("It is over.")
        locked.acknowledged_by_id, locked.acknowledged_at = actor.id, now
        locked.save(update_fields=["acknowledged_by", "acknowledged_at"])
        tell_channels(locked, MessageEvent.ACKNOWLEDGED, now)
        _record(actor, "governance.alert.acknowledged", locked)
        hints.alerts_changed(actor.organization_id)


def mute(*, actor: Actor, alert: Alert, hours: int, reason: str, now: datetime) -> AlertMute:
    """Nobody is told of this kind of alert on this subject for so long; it is found and kept as ever.

    Raises `errors.InvalidRequest` without a reason, and for more than thirty days.
    """
    permissions.require(actor, HANDLE)
    _require_reach(actor, alert)
    if not timedelta() < timedelta(hours=hours) <= LONGEST:
        raise errors.InvalidRequest(f"It is muted for at most {LONGEST.days} days.", param="hours")
    if not reason.strip():
        raise errors.InvalidRequest("Say why: whoever is not told can read it.", param="reason")
    with transaction.atomic():
        made = AlertMute.objects.create(
            organization_id=actor.organization_id,
            team_id=alert.team_id,
            kind=alert.kind,
            subject_key=alert.subject_key,
            reason=reason.strip(),
            muted_by_id=actor.id,
            muted_at=now,
            ends_at=now + timedelta(hours=hours),
        )
        _record(actor, "governance.alert.muted", alert, hours=str(hours))
        hints.alerts_changed(actor.organization_id)
    return made


def unmute(*, actor: Actor, alert: Alert, now: datetime) -> None:
    """People are told of it again. Where nothing is muted, nothing changes."""
    permissions.require(actor, HANDLE)
    _require_reach(actor, alert)
    with transaction.atomic():
        ended = muted(now).filter(kind=alert.kind, subject_key=alert.subject_key).update(ends_at=now)
        if ended:
            _record(actor, "governance.alert.unmuted", alert)
            hints.alerts_changed(actor.organization_id)


def muted(now: datetime) -> QuerySet[AlertMute]:
    """Those in force."""
    return AlertMute.objects.filter(muted_at__lte=now, ends_at__gt=now)


def open_alerts() -> QuerySet[Alert]:
    return Alert.objects.filter(resolved_at__isnull=True)


def waiting_of(actor: Actor) -> int:
    """How many are open that nobody has acknowledged."""
    return open_alerts().filter(acknowledged_at__isnull=True).count()


def tell_channels(alert: Alert, event: MessageEvent, now: datetime) -> int:
    """Puts a message for each channel that the alert concerns into the outbox. Gives for how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT governance_tell_channels(%s, %s, %s)", [alert.id, event.value, now])
        told: int = cursor.fetchone()[0]
    return told


def _require_reach(actor: Actor, alert: Alert) -> None:
    permissions.require_reach(actor, alert.team_id)


def _record(actor: Actor, action: str, alert: Alert, **details: str) -> None:
    append_act(
        actor=actor,
        action=action,
        object_kind="alert",
        object_id=alert.id,
        details={"kind": alert.kind, **details},
        team_id=alert.team_id,
    )
