"""Channels of alerts over the management API. Address and secret are taken and never given."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import AlertChannel, AlertMessage, ChannelKind, Severity
from governance.rest.alerts import SeverityField
from governance.services import alert_channels, alert_rules
from kit import clock
from tenants.models import Team
from tenants.rest.base import Scoped, ScopedViewSet


class AlertChannelShown(serializers.ModelSerializer[AlertChannel]):
    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True)
    least_severity = SeverityField(read_only=True)

    class Meta:
        model = AlertChannel
        fields = ["id", "kind", "name", "host", "team", "least_severity", "is_active", "created_at"]
        read_only_fields = fields


class ChannelTerms(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    least_severity = SeverityField(default=Severity.WARNING, help_text="Alerts below it are not sent there.")
    is_active = serializers.BooleanField(default=True)


class ChannelDestination(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=2000, default="", allow_blank=True, help_text="PagerDuty's own if empty.")
    secret = serializers.CharField(
        max_length=500,
        default="",
        allow_blank=True,
        help_text="PagerDuty's routing key, or what a webhook is signed with.",
    )


class AlertChannelTaken(ChannelTerms, ChannelDestination):
    kind = serializers.ChoiceField(choices=ChannelKind.choices)
    team = Scoped(Team, required=False, allow_null=True, default=None, help_text="None: the organisation.")


class AlertMessageShown(serializers.ModelSerializer[AlertMessage]):
    class Meta:
        model = AlertMessage
        fields = ["id", "event", "state", "attempts", "answer", "created_at", "ended_at"]
        read_only_fields = fields


class AlertChannelViewSet(ScopedViewSet[AlertChannel]):
    """Where alerts go besides to people. Setting one needs `X-OTP`."""

    model = AlertChannel
    serializer_class = AlertChannelShown
    view_act = alert_rules.MANAGE
    filters_by = {"kind": "kind", "team": "team_id"}

    @extend_schema(request=AlertChannelTaken, responses={201: AlertChannelShown})
    def create(self, request: Request) -> Response:
        """Adds one. What is entered is sealed, and shown to nobody again."""
        entered = self.taken(AlertChannelTaken)
        made = alert_channels.add(
            actor=self.actor,
            kind=ChannelKind(entered["kind"]),
            terms=_terms(entered),
            url=entered["url"],
            secret=entered["secret"],
            team=entered["team"],
            now=clock.now(),
        )
        return Response(self.shown(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=ChannelTerms, responses=AlertChannelShown)
    def update(self, request: Request, pk: str) -> Response:
        """Changes its name, from which severity it is told, and whether."""
        alert_channels.change(actor=self.actor, channel=self.get_object(), terms=_terms(self.taken(ChannelTerms)))
        return Response(self.shown(self.get_object()))

    @extend_schema(request=ChannelDestination, responses=AlertChannelShown)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """To another address, with the secret that is good there."""
        alert_channels.move(actor=self.actor, channel=self.get_object(), **self.taken(ChannelDestination))
        return Response(self.shown(self.get_object()))

    @extend_schema(request=None, responses={201: AlertMessageShown})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Sends a message that says that it is a test."""
        message = alert_channels.test(actor=self.actor, channel=self.get_object(), now=clock.now())
        return Response(AlertMessageShown(message).data, status=status.HTTP_201_CREATED)


def _terms(entered: dict[str, Any]) -> alert_channels.Terms:
    return alert_channels.Terms(entered["name"], entered["least_severity"], entered["is_active"])
