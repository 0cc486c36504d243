"""The organisation as one document over the management API: what `manage.py apply` and `export` do, as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from kit import clock
from portal.declared import declaration
from tenants.acting import actor_of
from tenants.rest.base import MayView


class DryRun(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would change, or be refused.")


class DifferenceShown(serializers.Serializer[Any]):
    field = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class ChangeMade(serializers.Serializer[Any]):
    entry = serializers.CharField(source="title")
    verb = serializers.ChoiceField(choices=["made", "changed", "asked for", "same"])
    differences = DifferenceShown(many=True)


class DeclarationApplied(serializers.Serializer[Any]):
    """`secrets` of new keys are in this answer only."""

    changes = ChangeMade(many=True)
    secrets = serializers.DictField(child=serializers.CharField())


class DeclarationView(viewsets.ViewSet):
    permission_classes = [IsAuthenticated, MayView]
    view_act = "governance.register.view"

    @extend_schema(operation_id="declaration_retrieve", responses=OpenApiTypes.OBJECT)
    def retrieve(self, request: ApiRequest) -> Response:
        """Everything the caller may see of the organisation, without credentials and secrets of keys."""
        return Response(declaration.export(actor_of(request._request)))

    @extend_schema(
        operation_id="declaration_apply",
        parameters=[DryRun],
        request=OpenApiTypes.OBJECT,
        responses=DeclarationApplied,
    )
    def update(self, request: ApiRequest) -> Response:
        """Makes the organisation what the document says, all of it or nothing; again changes nothing.

        What needs an approval is asked for. What the document does not mention stays.
        """
        asked = DryRun(data=request.query_params)
        asked.is_valid(raise_exception=True)
        applied = declaration.apply(
            actor=actor_of(request._request),
            document=request.data,
            now=clock.now(),
            is_dry_run=asked.validated_data["dry_run"],
        )
        return Response(DeclarationApplied(applied).data)
