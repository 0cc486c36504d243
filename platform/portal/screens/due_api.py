"""What comes to its day, over the management API, read only."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock, errors
from portal.due import PAGE, Place, coming
from tenants.rest.base import MayView

_MOST = 200
_KINDS = ("approval", "deployment", "evidence", "model", "waiver")


class DueWanted(serializers.Serializer[Any]):
    """Query parameters; `after` is the `place` of the last one of the page before."""

    after = serializers.CharField(required=False, max_length=100)
    limit = serializers.IntegerField(min_value=1, max_value=_MOST, default=PAGE)


class DueShown(serializers.Serializer[Any]):
    at = serializers.DateTimeField(help_text="Calls are refused from then on, where it is about calls.")
    kind = serializers.ChoiceField(choices=_KINDS)
    id = serializers.UUIDField(source="place.id", help_text="Of what comes to its day.")
    what = serializers.CharField()
    name = serializers.CharField()
    is_past = serializers.BooleanField()
    place = serializers.CharField(help_text="To go on from.")


@extend_schema_serializer(many=False)
class DuesShown(serializers.Serializer[Any]):
    results = DueShown(many=True)


class DueViewSet(viewsets.ViewSet):
    permission_classes = [IsAuthenticated, MayView]
    view_act = "governance.register.view"

    @extend_schema(operation_id="due_list", parameters=[DueWanted], responses=DuesShown)
    def list(self, request: Request) -> Response:
        """What is to be recertified, expires or ends within 90 days, or has and is not renewed. Soonest first. Page on
        with `after`."""
        asked = DueWanted(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        found = coming(clock.now(), _place(wanted.get("after")), wanted["limit"])
        return Response({"results": DueShown(found, many=True).data})


def _place(text: str | None) -> Place | None:
    try:
        return Place.read(text) if text is not None else None
    except ValueError:
        raise errors.InvalidRequest("That is no place of the list.", param="after") from None
