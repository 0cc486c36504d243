"""What a message says: labels, amounts and a link. Names were chosen by people and may hold anything: they are put on
one line, and each kind of channel escapes them in its own way."""

from __future__ import annotations

from django.conf import settings

from governance.models import Alert, AlertMessage, MessageEvent, Severity
from kit import money

_LONGEST = 200


def title(message: AlertMessage) -> str:
    """One line."""
    if message.event == MessageEvent.TEST:
        return f"A test of {one_line(message.channel.name)}: alerts of Chancery arrive here."
    if message.event == MessageEvent.DIGEST or message.alert is None:
        return f"{message.count} messages about alerts, too many to send one by one."
    began = {
        MessageEvent.OPENED: Severity(message.alert.severity).label,
        MessageEvent.WORSENED: f"{Severity(message.alert.severity).label}, worse than before",
        MessageEvent.ACKNOWLEDGED: "Acknowledged",
        MessageEvent.RESOLVED: "Over",
    }
    return f"{began[MessageEvent(message.event)]}: {subject(message.alert)}"


def subject(alert: Alert) -> str:
    return f"{alert.get_kind_display()}: {one_line(alert.subject_name)}"


def figures(alert: Alert) -> str:
    """`$30.00 seen, $4.00 expected; told above $12.00 (day)`."""
    expected = "" if alert.expected is None else f", {amount(alert, alert.expected)} expected"
    return f"{amount(alert, alert.seen)} seen{expected}; told from {amount(alert, alert.bound)} ({alert.finding})"


def amount(alert: Alert, figure: int) -> str:
    """A figure of the alert, in its unit."""
    if alert.unit == "nano_usd":
        return money.display(figure)
    return {"tokens": f"{figure:,} tokens", "percent": f"{figure} %", "ms": f"{figure:,} ms"}[alert.unit]


def link(message: AlertMessage) -> str:
    base = settings.PUBLIC_URL.rstrip("/")
    return f"{base}/alerts/{message.alert_id}/" if message.alert_id else f"{base}/alerts/"


def one_line(text: str) -> str:
    """Without line breaks, control characters and marks of direction."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())[:_LONGEST]
