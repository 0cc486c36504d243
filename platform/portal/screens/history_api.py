"""The history of an object over the management API, read only."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from audit.history import changes
from audit.models import Change
from tenants.rest.base import MayView

_MOST = 200


class HistoryWanted(serializers.Serializer[Any]):
    """Query parameters; `before` is the last id of the page before."""

    object = serializers.UUIDField(help_text="Of whatever is governed, also where it is deleted.")
    before = serializers.UUIDField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=_MOST, default=50)


class ActShown(serializers.Serializer[Any]):
    record = serializers.UUIDField(source="id")
    action = serializers.CharField()


class ChangeShown(serializers.ModelSerializer[Change]):
    """`secret` names columns whose values are kept nowhere; `transaction` is shared by what was changed together."""

    kind = serializers.CharField(source="object_kind")
    object = serializers.UUIDField(source="object_id")
    part_of = serializers.UUIDField(source="parent_id", allow_null=True)
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    transaction = serializers.CharField(source="xid")
    acts = serializers.SerializerMethodField()

    class Meta:
        model = Change
        fields = [
            "id", "at", "kind", "object", "part_of", "operation", "before", "after", "secret", "actor_kind", "actor_id",
            "address", "request_id", "database_role", "transaction", "erased_at", "acts",
        ]  # fmt: skip

    @extend_schema_field(ActShown(many=True))
    def get_acts(self, change: Change) -> Any:
        return ActShown(self.context["acts"].get(change.id, []), many=True).data


@extend_schema_serializer(many=False)
class HistoryShown(serializers.Serializer[Any]):
    results = ChangeShown(many=True)


class HistoryViewSet(viewsets.ViewSet):
    permission_classes = [IsAuthenticated, MayView]
    view_act = "audit.act.view"

    @extend_schema(operation_id="history_list", parameters=[HistoryWanted], responses=HistoryShown)
    def list(self, request: ApiRequest) -> Response:
        """Each change of an object and its parts, with the acts that made it. Newest first. Page on with `before`."""
        asked = HistoryWanted(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        found = changes.of_object(wanted["object"], before=wanted.get("before"), limit=wanted["limit"])
        acts = changes.acts_by_change(found)
        return Response({"results": ChangeShown(found, many=True, context={"acts": acts}).data})
