"""Claims and comments over the management API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import ApprovalRequest, Claim, Comment
from governance.services import claims, comments
from kit import clock
from tenants.rest.base import Scoped, ScopedViewSet


class ClaimShown(serializers.ModelSerializer[Claim]):
    class Meta:
        model = Claim
        fields = ["id", "request", "claimed_by", "claimed_at", "lasts_until", "ended_at"]
        read_only_fields = fields


class ClaimTaken(serializers.Serializer[Any]):
    request = Scoped(ApprovalRequest)
    takes_over = serializers.BooleanField(default=False, help_text="Also from somebody who is at it.")


class CommentShown(serializers.ModelSerializer[Comment]):
    class Meta:
        model = Comment
        fields = ["id", "request", "written_by", "text", "mentions", "written_at"]
        read_only_fields = fields


class CommentTaken(serializers.Serializer[Any]):
    request = Scoped(ApprovalRequest)
    text = serializers.CharField(max_length=comments.LONGEST)
    mentions = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=50)


class ClaimViewSet(ScopedViewSet[Claim]):
    """Who reviews what. A claim lasts eight hours, and ends with a decision."""

    model = Claim
    serializer_class = ClaimShown
    view_act = "governance.register.view"
    filters_by = {"request": "request_id"}

    @extend_schema(request=ClaimTaken, responses={201: ClaimShown})
    def create(self, request: Request) -> Response:
        """Says that one reviews a request; 409 where somebody else does and one does not take over."""
        made = claims.claim(actor=self.actor, now=clock.now(), **self.taken(ClaimTaken))
        return Response(self.shown(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=ClaimShown)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Gives one's own claim back."""
        claims.release(actor=self.actor, request=self.get_object().request, now=clock.now())
        return Response(self.shown(self.get_object()))


class CommentViewSet(ScopedViewSet[Comment]):
    """What was said of requests, oldest first. Nothing said is changed."""

    model = Comment
    serializer_class = CommentShown
    view_act = "governance.register.view"
    filters_by = {"request": "request_id"}

    @extend_schema(request=CommentTaken, responses={201: CommentShown})
    def create(self, request: Request) -> Response:
        """Adds a comment to a request."""
        made = comments.comment(actor=self.actor, now=clock.now(), **self.taken(CommentTaken))
        return Response(self.shown(made), status=status.HTTP_201_CREATED)
