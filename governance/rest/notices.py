"""One's own notices over the management API, and how one is told."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import Notice, NoticeKind, NoticeWay
from governance.services import notices
from kit import clock
from tenants.rest.base import ScopedViewSet


class NoticeShown(serializers.ModelSerializer[Notice]):
    """`title` is the kind in words; what it is about is named by kind and id."""

    title = serializers.CharField(source="__str__", read_only=True)

    class Meta:
        model = Notice
        fields = ["id", "kind", "title", "subject_kind", "subject_id", "at", "read_at"]
        read_only_fields = fields


class NoticesRead(serializers.Serializer[Any]):
    notices = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=500,
        help_text="All that are unread where none is named.",
    )


class ReadCount(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were unread before.")


@extend_schema_serializer(many=False)
class Ways(serializers.Serializer[Any]):
    """How to be told, by kind of notice."""

    ways = serializers.DictField(child=serializers.ChoiceField(choices=NoticeWay.choices))

    def validate_ways(self, ways: dict[str, str]) -> dict[NoticeKind, NoticeWay]:
        unknown = set(ways) - set(NoticeKind.values)
        if unknown:
            raise serializers.ValidationError("There are no such notices.")
        return {NoticeKind(kind): NoticeWay(way) for kind, way in ways.items()}


class NoticeViewSet(ScopedViewSet[Notice]):
    """One's own, newest first."""

    model = Notice
    serializer_class = NoticeShown
    filters_by = {"kind": "kind", "subject": "subject_id"}

    def get_queryset(self) -> QuerySet[Notice]:
        rows = super().get_queryset()
        return rows if getattr(self, "swagger_fake_view", False) else rows.filter(person_id=self.actor.id)

    @extend_schema(request=NoticesRead, responses=ReadCount)
    @action(detail=False, methods=["post"])
    def read(self, request: Request) -> Response:
        """Marks notices as read."""
        entered = self.taken(NoticesRead)
        return Response({"read": notices.read(actor=self.actor, notices=entered.get("notices"), now=clock.now())})

    @extend_schema(responses=Ways, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def preferences(self, request: Request) -> Response:
        """How one is told of what."""
        return Response(Ways({"ways": notices.ways_of(self.actor)}).data)

    @extend_schema(request=Ways, responses=Ways)
    @preferences.mapping.put
    def prefer(self, request: Request) -> Response:
        """Changes the kinds that are named."""
        notices.prefer(actor=self.actor, ways=self.taken(Ways)["ways"])
        return Response(Ways({"ways": notices.ways_of(self.actor)}).data)
