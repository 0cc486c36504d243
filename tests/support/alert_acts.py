"""Rules, alerts and channels as acts."""

from __future__ import annotations

from collections.abc import Callable

from governance.models import Alert, AlertChannel, AlertKind, AlertMessage, AlertRule, ChannelKind, Severity
from governance.services import alert_channels, alert_rules, alerts
from kit import clock
from kit.context import Actor
from tenants.models import Role, Team
from tests.support.alerting import open_alert
from tests.support.preparing import Act, after, by_admin, on, unique
from tests.support.world import World


def set_rule(actor: Actor, _: object, *, team: Team | None = None) -> AlertRule:
    terms = {"severity": Severity.CRITICAL, "parameters": {"percent": 2}, "roles": [Role.ADMINISTRATOR]}
    kind = AlertKind.ERRORS if team is None else AlertKind.BUDGET
    terms |= {"parameters": {}} if team else {}
    return alert_rules.set_rule(actor=actor, kind=kind, team=team, now=clock.now(), **terms)  # type: ignore[arg-type]


def add_channel(actor: Actor, team: Team | None = None, kind: ChannelKind = ChannelKind.WEBHOOK) -> AlertChannel:
    return alert_channels.add(
        actor=actor,
        kind=kind,
        terms=alert_channels.Terms(unique("channel"), Severity.INFO),
        url="https://hooks.example.com/services/T0/B0",
        secret="s" * 32,
        team=team,
        now=clock.now(),
    )


def _mute(actor: Actor, alert: Alert) -> Alert:
    alerts.mute(actor=actor, alert=alert, hours=4, reason="A planned load test.", now=clock.now())
    return alert


def _try(actor: Actor, channel: AlertChannel) -> AlertMessage:
    return alert_channels.test(actor=actor, channel=channel, now=clock.now())


_added = by_admin(lambda actor, _: add_channel(actor))

ALERTS: dict[str, Callable[[World], Act]] = {
    "governance.alert_rule.set": by_admin(set_rule),
    "governance.alert.acknowledged": on(
        open_alert, lambda actor, alert: alerts.acknowledge(actor=actor, alert=alert, now=clock.now())
    ),
    "governance.alert.muted": on(open_alert, _mute),
    "governance.alert.unmuted": after(
        on(open_alert, _mute), lambda actor, alert: alerts.unmute(actor=actor, alert=alert, now=clock.now())
    ),
    "governance.alert_channel.added": _added,
    "governance.alert_channel.changed": after(
        _added,
        lambda actor, channel: alert_channels.change(
            actor=actor, channel=channel, terms=alert_channels.Terms(channel.name, is_active=False)
        ),
    ),
    "governance.alert_channel.moved": after(
        _added,
        lambda actor, channel: alert_channels.move(
            actor=actor, channel=channel, url="https://hooks.example.com/other", secret="t" * 32
        ),
    ),
    "governance.alert_channel.tested": after(_added, _try),
}
