"""Revocations over the management API, read only. To suspend and resume there is `/api/suspensions/`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from portal import revocations
from tenants.rest.base import MayView


class RevocationShown(serializers.Serializer[Any]):
    """`propagation_ms` is how long it took until the last of so many workers decided by it; `slowest` names that."""

    act = serializers.UUIDField(source="entry.id", help_text="The record in the ledger.")
    action = serializers.CharField(source="entry.action")
    at = serializers.DateTimeField(source="entry.at")
    who = serializers.CharField(source="entry.who")
    subject = serializers.CharField(source="subject.name", default=None, allow_null=True)
    subject_id = serializers.UUIDField(source="suspension.subject_id", default=None, allow_null=True)
    suspension = serializers.UUIDField(source="suspension.id", default=None, allow_null=True)
    reason = serializers.CharField(source="suspension.reason", default=None, allow_null=True)
    cuts_calls = serializers.BooleanField(source="suspension.cuts_calls", default=False)
    in_force = serializers.BooleanField()
    propagation_ms = serializers.IntegerField(source="propagation.slowest_ms", default=None, allow_null=True)
    workers = serializers.IntegerField(source="propagation.workers", default=None, allow_null=True)
    slowest = serializers.CharField(source="propagation.slowest", default=None, allow_null=True)


@extend_schema_serializer(many=False)
class RevocationsShown(serializers.Serializer[Any]):
    results = RevocationShown(many=True)


class RevocationViewSet(viewsets.ViewSet):
    permission_classes = [IsAuthenticated, MayView]
    view_act = "governance.suspension.view"

    @extend_schema(operation_id="revocations_list", responses=RevocationsShown)
    def list(self, request: Request) -> Response:
        """The last hundred, newest first."""
        return Response({"results": RevocationShown(revocations.latest(), many=True).data})
