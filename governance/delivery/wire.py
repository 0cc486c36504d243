"""The HTTP request of each kind of channel.

Slack: incoming webhooks (docs.slack.dev/messaging, read 2026-11). What people named is in `plain_text`, which knows
neither mentions nor links, and escaped in the fallback. PagerDuty: Events API v2. Webhook: as the Standard Webhooks
specification signs (standardwebhooks.com, 1.0): HMAC-SHA256 of `id.timestamp.body`, in base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from governance.delivery import words
from governance.delivery.destination import Destination
from governance.models import Alert, AlertMessage, ChannelKind, MessageEvent, Severity

_PAGERDUTY_ACTIONS = {
    MessageEvent.OPENED: "trigger",
    MessageEvent.WORSENED: "trigger",
    MessageEvent.TEST: "trigger",
    MessageEvent.DIGEST: "trigger",
    MessageEvent.ACKNOWLEDGED: "acknowledge",
    MessageEvent.RESOLVED: "resolve",
}
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Outgoing:
    url: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:  # the address may be a secret, and the headers are
        return "Outgoing()"


def request_of(message: AlertMessage, destination: Destination, now: datetime) -> Outgoing:
    return _BY_KIND[ChannelKind(message.channel.kind)](message, destination, now)


def _slack(message: AlertMessage, destination: Destination, now: datetime) -> Outgoing:
    said = words.title(message)
    if message.alert is not None and message.event in (MessageEvent.OPENED, MessageEvent.WORSENED):
        said = f"{said}\n{words.figures(message.alert)}"
    button = {"type": "button", "text": _plain("Open in Chancery"), "url": words.link(message)}
    body = {
        "text": _escaped(words.title(message)),
        "blocks": [{"type": "section", "text": _plain(said)}, {"type": "actions", "elements": [button]}],
    }
    return _json(destination.url, body)


def _pagerduty(message: AlertMessage, destination: Destination, now: datetime) -> Outgoing:
    alert = message.alert
    severity = Severity(alert.severity) if alert else Severity.INFO
    body = {
        "routing_key": destination.secret,
        "event_action": _PAGERDUTY_ACTIONS[MessageEvent(message.event)],
        "dedup_key": str(message.alert_id or message.id),
        "client": "Chancery",
        "client_url": words.link(message),
        "payload": {
            "summary": words.title(message),
            "source": words.one_line(alert.subject_name) if alert else "Chancery",
            "severity": severity.name.lower(),
            "timestamp": message.created_at.isoformat(),
            "class": alert.kind if alert else "test",
            "custom_details": {"figures": words.figures(alert)} if alert else {},
        },
    }
    return _json(destination.url, body)


def _webhook(message: AlertMessage, destination: Destination, now: datetime) -> Outgoing:
    body = orjson.dumps(
        {
            "id": str(message.id),
            "type": f"alert.{message.event}",
            "timestamp": message.created_at.isoformat(),
            "organization": str(message.organization_id),
            "title": words.title(message),
            "url": words.link(message),
            "count": message.count,
            "alert": _told(message.alert) if message.alert else None,
        }
    )
    stamp = str(int(now.timestamp()))
    signed = f"{message.id}.{stamp}.".encode() + body
    digest = base64.b64encode(hmac.digest(_key(destination.secret), signed, hashlib.sha256)).decode()
    headers = {"webhook-id": str(message.id), "webhook-timestamp": stamp, "webhook-signature": f"v1,{digest}"}
    return Outgoing(destination.url, body, {"content-type": "application/json", **headers})


def _key(secret: str) -> bytes:
    """`whsec_` and base64, as the specification writes secrets; any other text as it is."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except ValueError:
            pass
    return secret.encode()


def _told(alert: Alert) -> dict[str, Any]:
    return {
        "id": str(alert.id),
        "kind": alert.kind,
        "severity": Severity(alert.severity).name.lower(),
        "subject": words.one_line(alert.subject_name),
        "subject_key": alert.subject_key,
        "team": str(alert.team_id) if alert.team_id else None,
        "finding": alert.finding,
        "unit": alert.unit,
        "seen": str(alert.seen),
        "expected": None if alert.expected is None else str(alert.expected),
        "bound": str(alert.bound),
        "opened_at": alert.opened_at.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
    }


def _json(url: str, body: dict[str, Any]) -> Outgoing:
    return Outgoing(url, orjson.dumps(body), {"content-type": "application/json"})


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:2900], "emoji": False}


def _escaped(text: str) -> str:
    """The three characters that Slack gives a meaning to."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_BY_KIND: dict[ChannelKind, Callable[[AlertMessage, Destination, datetime], Outgoing]] = {
    ChannelKind.SLACK: _slack,
    ChannelKind.PAGERDUTY: _pagerduty,
    ChannelKind.WEBHOOK: _webhook,
}
