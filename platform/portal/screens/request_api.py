"""Requests over the management API, read only, from the ledger."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from audit import selectors
from audit.selectors import RequestFilter
from kit import errors
from portal import readings
from portal.readings import STATUSES, Request
from tenants.rest.base import MayView, UsdField

_MOST = 200


class RequestsWanted(serializers.Serializer[Any]):
    """Query parameters; `before` is the last id of the page before."""

    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    team = serializers.UUIDField(required=False)
    project = serializers.UUIDField(required=False)
    api_key = serializers.UUIDField(required=False)
    model = serializers.CharField(required=False)
    status = serializers.ChoiceField(choices=list(STATUSES), required=False)
    min_cost_usd = UsdField(required=False)
    before = serializers.UUIDField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=_MOST, default=50)


class RequestShown(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    came_in_at = serializers.DateTimeField(source="line.came_in_at")
    status = serializers.CharField(source="line.outcome")
    error = serializers.CharField(source="said.error", default=None, allow_null=True)
    team = serializers.UUIDField(source="line.record.team_id", allow_null=True)
    project = serializers.UUIDField(source="line.settlement.project_id", default=None, allow_null=True)
    caller_kind = serializers.CharField(source="line.record.actor_kind")
    caller = serializers.UUIDField(source="line.record.actor_id")
    model = serializers.CharField()
    approval = serializers.UUIDField(source="decided.approval", default=None, allow_null=True)
    break_glass = serializers.UUIDField(source="decided.break_glass", default=None, allow_null=True)
    waiver = serializers.UUIDField(source="decided.waiver", default=None, allow_null=True)
    use_case = serializers.CharField(source="decided.use_case", default=None, allow_null=True)
    data_class = serializers.CharField(source="said.data_class", default=None, allow_null=True)
    input_tokens = serializers.IntegerField(source="line.settlement.input_tokens", default=None, allow_null=True)
    output_tokens = serializers.IntegerField(source="line.settlement.output_tokens", default=None, allow_null=True)
    cost_usd = UsdField(source="line.cost_nano_usd", allow_null=True)
    is_estimated = serializers.BooleanField(source="line.settlement.estimated", default=None, allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)


@extend_schema_serializer(many=False)
class RequestsShown(serializers.Serializer[Any]):
    results = RequestShown(many=True)


class RecordShown(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    envelope = serializers.SerializerMethodField(help_text="What was sealed, as it was sealed.")

    def get_envelope(self, record: Any) -> dict[str, Any]:
        return selectors.content(record)


class StoryShown(RequestShown):
    records = RecordShown(many=True)


class RequestViewSet(viewsets.ViewSet):
    """No bodies: reading those is an act of its own."""

    permission_classes = [IsAuthenticated, MayView]
    view_act = "audit.request.view"

    @extend_schema(operation_id="requests_list", parameters=[RequestsWanted], responses=RequestsShown)
    def list(self, request: ApiRequest) -> Response:
        """Newest first. Page on with `before`."""
        asked = RequestsWanted(data=request.query_params)
        asked.is_valid(raise_exception=True)
        chosen = asked.validated_data
        found = readings.requests(_filter(chosen), before=chosen.get("before"), limit=chosen["limit"])
        return Response({"results": RequestShown(found, many=True).data})

    @extend_schema(
        operation_id="requests_retrieve",
        parameters=[OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH)],
        responses=StoryShown,
    )
    def retrieve(self, request: ApiRequest, pk: UUID) -> Response:
        """One request with every record of it."""
        story = selectors.request(pk)
        if story is None:
            raise errors.NotFound("No such request, or it belongs to somebody else.")
        told: Request = readings.told(story)
        records = RecordShown(story.records, many=True).data
        return Response({**RequestShown(told).data, "records": records})


def _filter(chosen: dict[str, Any]) -> RequestFilter:
    return RequestFilter(
        since=chosen.get("since"),
        until=chosen.get("until"),
        team_id=chosen.get("team"),
        project_id=chosen.get("project"),
        caller_ids=frozenset({chosen["api_key"]}) if "api_key" in chosen else None,
        model=chosen.get("model"),
        outcome=chosen.get("status"),
        min_cost_nano_usd=chosen.get("min_cost_usd"),
    )
