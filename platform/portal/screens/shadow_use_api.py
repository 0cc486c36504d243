"""Shadow use over the management API, read only, from the ledger."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from portal import shadow_use
from tenants.rest.base import MayView


class AskedShown(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Empty where what was sent could be no model's name.")
    team = serializers.UUIDField(source="team_id", allow_null=True)
    caller = serializers.UUIDField(source="caller_id", help_text="The API key or identity provider.")
    calls = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


@extend_schema_serializer(many=False)
class ShadowUseShown(serializers.Serializer[Any]):
    results = AskedShown(many=True)


class ShadowUseViewSet(viewsets.ViewSet):
    permission_classes = [IsAuthenticated, MayView]
    view_act = "audit.request.view"

    @extend_schema(operation_id="shadow_use_list", responses=ShadowUseShown)
    def list(self, request: Request) -> Response:
        """What callers asked for in the last 30 days and the register does not have, asked for last first."""
        return Response({"results": AskedShown(shadow_use.latest(), many=True).data})
