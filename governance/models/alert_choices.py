"""Closed sets of alerts and of how they are delivered."""

from __future__ import annotations

from django.db import models


class AlertKind(models.TextChoices):
    """What is watched. `governance.alerting.terms` has what each goes by."""

    BUDGET = "budget", "Budget threshold"
    REQUEST_COST = "request_cost", "Cost of a request above what the budget expects"
    DAILY_AVERAGE = "daily_average", "Spend of a day above the daily average"
    DAILY_SPEND = "daily_spend", "Spend of a day above an amount"
    OPERATION_SPEND = "operation_spend", "Spend of a day on one operation above an amount"
    TOKENS = "tokens", "Tokens above their baseline"
    ANOMALY = "anomaly", "Spend that is other than usual"
    LATENCY = "latency", "Slow answers"
    ERRORS = "errors", "Calls that fail"
    CACHE = "cache", "Few cache hits"


class Severity(models.IntegerChoices):
    INFO = 1, "For information"
    WARNING = 2, "Warning"
    CRITICAL = 3, "Critical"


class ChannelKind(models.TextChoices):
    SLACK = "slack", "Slack"
    PAGERDUTY = "pagerduty", "PagerDuty"
    WEBHOOK = "webhook", "Webhook"


class MessageEvent(models.TextChoices):
    """What a channel is told."""

    OPENED = "opened", "Opened"
    WORSENED = "worsened", "Worse than before"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"
    DIGEST = "digest", "Several at once"
    TEST = "test", "Test"


class MessageState(models.TextChoices):
    """`HANDED` is written before the channel is spoken to. What a worker that died had handed over may have arrived: it
    is sent again, under the same id."""

    DUE = "due", "Waits"
    HANDED = "handed", "Handed over"
    SENT = "sent", "Sent"
    FOLDED = "folded", "Told in a digest"
    FAILED = "failed", "Refused by the channel"
    GIVEN_UP = "given_up", "Given up after a day"
