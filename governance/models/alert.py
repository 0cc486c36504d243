"""Alerts: what is watched, what was found, who keeps quiet about it, and where it is sent."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from governance.models.alert_choices import AlertKind, ChannelKind, MessageEvent, MessageState, Severity
from kit import scoping
from kit.tenant_owned import ScopedManager, TeamOwned, TenantOwned
from tenants.models import Role, User

CONCERNS_EVERYBODY = (AlertKind.LATENCY, AlertKind.ERRORS, AlertKind.CACHE)


class AlertManager(ScopedManager["Alert"]):
    """What the organisation as a whole spends, and which teams drive it, is not for people of single teams; how fast a
    model answers is."""

    def get_queryset(self) -> models.QuerySet[Alert]:
        rows = super().get_queryset()
        if scoping.current().team_ids is not None:
            rows = rows.filter(Q(team__isnull=False) | Q(kind__in=CONCERNS_EVERYBODY))
        return rows


class AlertRule(TeamOwned):
    """How one thing is watched, where that is not as shipped: in the organisation, or in one team, whose own rule goes
    before. `parameters` are whole numbers by the names of `governance.alerting.terms`."""

    kind = models.CharField(max_length=16, choices=AlertKind.choices)
    is_active = models.BooleanField(default=True)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    parameters = models.JSONField(default=dict)
    roles = ArrayField(models.CharField(max_length=32, choices=Role.choices), default=list, blank=True)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["kind", "team"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "team", "kind"], name="alert_rule_is_one_of_a_kind", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(kind__in=AlertKind.values), name="alert_rule_is_of_a_known_kind"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="alert_rule_has_a_severity"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}{f' in {self.team}' if self.team else ''}"


class Alert(TeamOwned):
    """Something that is so, from when it was first seen until it is over. The timetable alone opens and resolves.

    `subject_key` says of what exactly, as `team:<id>`; `period` which one, where each has an alert of its own. `unit`
    is what `seen`, `expected` and `bound` are counted in: `nano_usd`, `tokens`, `percent`, `ms`. `drivers` is a list of
    `{"dimension": …, "member": …, "name": …, "share": per cent}`.
    """

    kind = models.CharField(max_length=16, choices=AlertKind.choices)
    subject_key = models.CharField(max_length=300)
    subject_name = models.CharField(max_length=300)
    period = models.CharField(max_length=32, blank=True, default="")
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    finding = models.CharField(max_length=16)
    level = models.PositiveSmallIntegerField(default=0)
    unit = models.CharField(max_length=8)
    seen = models.BigIntegerField()
    expected = models.BigIntegerField(null=True)
    bound = models.BigIntegerField()
    drivers = models.JSONField(default=list)
    since = models.DateTimeField()
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)

    objects: ClassVar[AlertManager] = AlertManager(team="team_id")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="alert_in_organization"),
            models.UniqueConstraint(
                fields=["organization", "kind", "subject_key", "period"],
                condition=Q(resolved_at__isnull=True) | ~Q(period=""),
                name="alert_is_open_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=AlertKind.values), name="alert_is_of_a_known_kind"),
            models.CheckConstraint(
                condition=Q(unit__in=["nano_usd", "tokens", "percent", "ms"]), name="alert_counts_in_a_known_unit"
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_by__isnull=True, acknowledged_at__isnull=True)
                | Q(acknowledged_by__isnull=False, acknowledged_at__isnull=False),
                name="alert_is_acknowledged_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization"], name="alert_open", condition=Q(resolved_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject_name}"


class AlertMute(TeamOwned):
    """Nobody is told of one kind of alert on one subject for a while. What is found is kept as ever."""

    kind = models.CharField(max_length=16, choices=AlertKind.choices)
    subject_key = models.CharField(max_length=300)
    reason = models.TextField()
    muted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    muted_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="alert_mute_has_a_reason"),
            models.CheckConstraint(condition=Q(ends_at__gte=models.F("muted_at")), name="alert_mute_ends_later"),
        ]
        indexes: ClassVar = [models.Index(fields=["organization", "kind", "subject_key"], name="alert_mute_of_subject")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} muted until {self.ends_at:%Y-%m-%d %H:%M}"


class AlertChannel(TeamOwned):
    """Where alerts go besides to people: those of the team, or of all, from a severity up.

    `sealed` holds address and secret together, bound to the row; the host is shown and nothing else of it.
    """

    kind = models.CharField(max_length=16, choices=ChannelKind.choices)
    name = models.CharField(max_length=100)
    host = models.CharField(max_length=255)
    sealed = models.BinaryField()
    least_severity = models.PositiveSmallIntegerField(choices=Severity.choices, default=Severity.WARNING)
    is_active = models.BooleanField(default=True)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="alert_channel_in_organization"),
            models.UniqueConstraint(fields=["organization", "name"], name="alert_channel_is_named_once"),
            models.CheckConstraint(condition=Q(kind__in=ChannelKind.values), name="alert_channel_is_of_a_known_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_kind_display()})"


class AlertMessage(TenantOwned):
    """One thing that one channel is to be told, written beside what it tells of. `answer` is how the channel last
    answered, in a word: `200`, `timeout`, `refused`."""

    channel = models.ForeignKey(AlertChannel, on_delete=models.PROTECT, related_name="messages")
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, null=True, related_name="messages")
    event = models.CharField(max_length=16, choices=MessageEvent.choices)
    count = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=8, choices=MessageState.choices, default=MessageState.DUE)
    attempts = models.PositiveSmallIntegerField(default=0)
    answer = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="channel__team_id")
    across_tenants: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(event__in=MessageEvent.values), name="alert_message_event_is_known"),
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="alert_message_state_is_known"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["channel", "id"], name="alert_message_to_send", condition=Q(state__in=["due", "handed"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} to {self.channel}"
