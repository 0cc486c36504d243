"""Making alerts of what is found: opened once, kept up while it lasts, resolved by itself. The timetable's, and no act.

A look may be repeated, or killed anywhere: an alert and what is told of it are written in one transaction, and a second
look finds the alert that is open. People and channels are told when it opens or becomes worse, and not while it lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from governance import hints
from governance.alerting import budgets, spend, traffic, unusual
from governance.alerting.finding import Found
from governance.alerting.terms import InForce, in_force
from governance.models import Alert, AlertKind, MessageEvent, NoticeKind
from governance.models.alert import CONCERNS_EVERYBODY
from governance.services import notices
from governance.services.alerts import muted, open_alerts, tell_channels
from kit.context import Actor
from tenants import permissions
from tenants.models import Membership, Organization

_ALONE = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, %s))"
_LOCK = 0x616C657274  # "alert"

Look = Callable[[Organization, InForce, datetime], Iterator[Found]]
Looks = dict[Look, tuple[AlertKind, ...]]

# What each look decides on: an alert of one of its kinds that it does not find is over.
USAGE: Looks = {
    budgets.look: (AlertKind.BUDGET, AlertKind.REQUEST_COST),
    spend.look: (AlertKind.DAILY_AVERAGE, AlertKind.DAILY_SPEND, AlertKind.OPERATION_SPEND, AlertKind.TOKENS),
    traffic.look: (AlertKind.LATENCY, AlertKind.ERRORS, AlertKind.CACHE),
}
ANOMALIES: Looks = {unusual.look: (AlertKind.ANOMALY,)}

# For how long nothing has to be seen of it before it is over: what comes and goes is told once.
_QUIET = {
    AlertKind.ANOMALY: timedelta(hours=24),
    AlertKind.LATENCY: timedelta(hours=1),
    AlertKind.ERRORS: timedelta(hours=1),
}


def look(*, actor: Actor, looks: Looks, now: datetime) -> int:
    """Looks at the entered organisation. Gives how many alerts were opened, or became worse."""
    permissions.require_system(actor)
    organization = Organization.objects.get(id=actor.organization_id)
    with transaction.atomic():
        if not _alone(actor):
            return 0
        terms = in_force()
        # Reads first, so that the transaction is one that writes for as short as can be.
        taken = [(list(one(organization, terms, now)), kinds) for one, kinds in looks.items()]
        return sum(_take(actor, found, kinds, now) for found, kinds in taken)


def _alone(actor: Actor) -> bool:
    """Whether nobody else looks at the organisation: two at once would open an alert twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, %s))", [str(actor.organization_id), _LOCK]
        )
        alone: bool = cursor.fetchone()[0]
    return alone


def _take(actor: Actor, found: list[Found], kinds: Iterable[AlertKind], now: datetime) -> int:
    known = {(alert.kind, alert.subject_key, alert.period): alert for alert in open_alerts().filter(kind__in=kinds)}
    quiet = set(muted(now).values_list("kind", "subject_key"))
    told = 0
    for one in found:
        place = (one.kind.value, one.subject.key, one.period)
        alert = known.pop(place, None) or _before(one)
        is_worse = alert is not None and one.level > alert.level
        alert = _open(actor, one, now) if alert is None else _keep_up(alert, one, now, is_worse=is_worse)
        if alert.opened_at == now or is_worse:
            told += 1
            if place[:2] not in quiet:
                _tell(actor, alert, one, MessageEvent.WORSENED if is_worse else MessageEvent.OPENED, now)
    _resolve(actor, known.values(), now)
    if told:
        hints.alerts_changed(actor.organization_id)
    return told


def _open(actor: Actor, one: Found, now: datetime) -> Alert:
    return Alert.objects.create(
        organization_id=actor.organization_id,
        team_id=one.subject.team_id,
        kind=one.kind,
        subject_key=one.subject.key,
        subject_name=one.subject.name[:300],
        period=one.period,
        since=one.since,
        opened_at=now,
        **_figures(one, now),
    )


def _keep_up(alert: Alert, one: Found, now: datetime, *, is_worse: bool) -> Alert:
    figures = _figures(one, now)
    figures["resolved_at"] = None
    if is_worse:
        figures |= {"acknowledged_by_id": None, "acknowledged_at": None}
    for name, value in figures.items():
        setattr(alert, name, value)
    alert.save(update_fields=list(figures))
    return alert


def _figures(one: Found, now: datetime) -> dict[str, object]:
    return {
        "severity": one.severity or one.terms.severity,
        "finding": one.finding,
        "level": one.level,
        "unit": one.unit,
        "seen": one.seen,
        "expected": one.expected,
        "bound": one.bound,
        "drivers": [asdict(drive) for drive in one.drivers],
        "seen_at": now,
    }


def _before(one: Found) -> Alert | None:
    """The alert of the same period, where it was over: it goes on then, and is told only if it is worse."""
    if not one.period:
        return None
    return Alert.objects.filter(kind=one.kind, subject_key=one.subject.key, period=one.period).first()


def _resolve(actor: Actor, alerts: Iterable[Alert], now: datetime) -> None:
    for alert in alerts:
        if now - alert.seen_at < _QUIET.get(AlertKind(alert.kind), timedelta()):
            continue
        alert.resolved_at = now
        alert.save(update_fields=["resolved_at"])
        tell_channels(alert, MessageEvent.RESOLVED, now)
        hints.alerts_changed(actor.organization_id)


def _tell(actor: Actor, alert: Alert, one: Found, event: MessageEvent, now: datetime) -> None:
    held = Membership.objects.filter(role__in=one.terms.roles)
    reached = held.filter(Q(team_id=alert.team_id) | Q(team_id__isnull=True)) if alert.team_id else held
    if not alert.team_id and one.kind not in CONCERNS_EVERYBODY:
        reached = held.filter(team_id__isnull=True)
    notices.tell(
        organization_id=actor.organization_id,
        people=reached.values_list("user_id", flat=True),
        kind=NoticeKind.ALERTED,
        subject_kind="alert",
        subject_id=alert.id,
        now=now,
        once=f"alert:{alert.id}:{one.level}",
    )
    tell_channels(alert, event, now)
