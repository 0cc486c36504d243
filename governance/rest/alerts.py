"""Alerts over the management API: what is found, acknowledging and muting it, and how it is watched for."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.alerting import terms
from governance.models import Alert, AlertKind, AlertRule, Severity
from governance.services import alert_rules, alerts
from kit import clock
from tenants.models import Role, Team
from tenants.rest.base import Scoped, ScopedViewSet

SEVERITIES = [(severity.name.lower(), severity.label) for severity in Severity]


class SeverityField(serializers.ChoiceField):
    """By name on the wire, by rank inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=SEVERITIES, **options)

    def to_internal_value(self, data: Any) -> Any:
        return Severity[super().to_internal_value(data).upper()]

    def to_representation(self, value: Any) -> str:
        return Severity(value).name.lower()


class DriverShown(serializers.Serializer[Any]):
    dimension = serializers.CharField()
    member = serializers.CharField(help_text="An id, or the name of a model or operation.")
    share = serializers.IntegerField(help_text="Per cent of the difference.")


class AlertShown(serializers.ModelSerializer[Alert]):
    """`unit` is what `seen`, `expected` and `bound` are counted in. Over when `resolved_at` is set."""

    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True)
    severity = SeverityField(read_only=True)
    drivers = DriverShown(many=True, read_only=True)
    acknowledged_by = serializers.UUIDField(source="acknowledged_by_id", read_only=True, allow_null=True)

    class Meta:
        model = Alert
        fields = [
            "id",
            "kind",
            "subject_key",
            "subject_name",
            "team",
            "period",
            "severity",
            "finding",
            "unit",
            "seen",
            "expected",
            "bound",
            "drivers",
            "since",
            "opened_at",
            "seen_at",
            "resolved_at",
            "acknowledged_by",
            "acknowledged_at",
        ]


class MuteTaken(serializers.Serializer[Any]):
    hours = serializers.IntegerField(min_value=1, max_value=int(alerts.LONGEST.total_seconds()) // 3600)
    reason = serializers.CharField(max_length=1000)


class AlertViewSet(ScopedViewSet[Alert]):
    """Newest first. The timetable opens and resolves them."""

    model = Alert
    serializer_class = AlertShown
    view_act = alerts.VIEW
    filters_by = {"kind": "kind", "team": "team_id", "subject": "subject_key"}

    @extend_schema(request=None, responses=AlertShown)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Says that somebody is at it."""
        alerts.acknowledge(actor=self.actor, alert=self.get_object(), now=clock.now())
        return Response(self.shown(self.get_object()))

    @extend_schema(request=MuteTaken, responses=AlertShown)
    @action(detail=True, methods=["post"])
    def mute(self, request: Request, pk: str) -> Response:
        """Nobody is told of this kind on this subject for so long."""
        alert, entered = self.get_object(), self.taken(MuteTaken)
        alerts.mute(actor=self.actor, alert=alert, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))

    @extend_schema(request=None, responses=AlertShown)
    @action(detail=True, methods=["post"])
    def unmute(self, request: Request, pk: str) -> Response:
        """People are told again."""
        alerts.unmute(actor=self.actor, alert=self.get_object(), now=clock.now())
        return Response(self.shown(self.get_object()))


class AlertRuleShown(serializers.ModelSerializer[AlertRule]):
    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True)
    severity = SeverityField(read_only=True)
    parameters = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    set_by = serializers.UUIDField(source="set_by_id", read_only=True)

    class Meta:
        model = AlertRule
        fields = ["id", "kind", "team", "is_active", "severity", "parameters", "roles", "set_by", "set_at"]


class AlertRuleTaken(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=AlertKind.choices)
    team = Scoped(Team, required=False, allow_null=True, default=None, help_text="None: the organisation.")
    is_active = serializers.BooleanField(default=True)
    severity = SeverityField(default=Severity.WARNING)
    parameters = serializers.DictField(
        child=serializers.IntegerField(), default=dict, help_text="What is not named is as shipped."
    )
    roles = serializers.ListField(
        child=serializers.ChoiceField(choices=Role.choices),
        required=False,
        max_length=len(Role),
        help_text="Who is told.",
    )


class AlertRuleViewSet(ScopedViewSet[AlertRule]):
    """What the organisation or a team watches for in another way than is shipped."""

    model = AlertRule
    serializer_class = AlertRuleShown
    view_act = alerts.VIEW
    filters_by = {"kind": "kind", "team": "team_id"}

    @extend_schema(request=AlertRuleTaken, responses={201: AlertRuleShown})
    def create(self, request: Request) -> Response:
        """Replaces how a kind is watched, from the next look on."""
        entered = self.taken(AlertRuleTaken)
        kind = AlertKind(entered.pop("kind"))
        roles = [Role(role) for role in entered.pop("roles", terms.shipped(kind).roles)]
        rule = alert_rules.set_rule(actor=self.actor, kind=kind, roles=roles, now=clock.now(), **entered)
        return Response(self.shown(rule), status=status.HTTP_201_CREATED)
