"""Break glass over the management API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import BreakGlass, BreakGlassSignature, Model
from governance.models.break_glass import MOST_HOURS
from governance.rest.exceptions import ReasonGiven, Signed
from governance.services import break_glass
from kit import clock
from kit.data_class import DataClass
from tenants.models import Team
from tenants.rest.base import DataClassField, Scoped, ScopedViewSet


class SignatureShown(serializers.ModelSerializer[BreakGlassSignature]):
    signed_by = serializers.UUIDField(source="signed_by_id", read_only=True)

    class Meta:
        model = BreakGlassSignature
        fields = ["id", "kind", "signed_by", "reason", "signed_hash", "signed_at"]


class BreakGlassShown(serializers.ModelSerializer[BreakGlass]):
    """`content_hash` is what a signature signs. After `ends_at` no call runs by it, whatever the status says."""

    model = serializers.UUIDField(source="model_id", read_only=True)
    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True)
    max_data_class = DataClassField(read_only=True)
    asked_by = serializers.UUIDField(source="asked_by_id", read_only=True)
    signatures = SignatureShown(many=True, read_only=True)

    class Meta:
        model = BreakGlass
        fields = [
            "id",
            "model",
            "team",
            "max_data_class",
            "hours",
            "reason",
            "content_hash",
            "asked_by",
            "asked_at",
            "status",
            "in_force_at",
            "ends_at",
            "ended_at",
            "finding",
            "signatures",
        ]


class BreakGlassTaken(ReasonGiven):
    model = Scoped(Model)
    team = Scoped(Team, required=False, allow_null=True, default=None, help_text="None: the whole organisation.")
    max_data_class = DataClassField(required=False, default=DataClass.INTERNAL)
    hours = serializers.IntegerField(min_value=1, max_value=MOST_HOURS, default=4)


class Reviewed(Signed):
    is_justified = serializers.BooleanField(help_text="What was not justified ends at once.")


class BreakGlassViewSet(ScopedViewSet[BreakGlass]):
    """Newest first. Asking, countersigning and reviewing need `X-OTP`, and three different people."""

    model = BreakGlass
    serializer_class = BreakGlassShown
    view_act = "governance.register.view"
    related = ("model", "team")
    prefetched = ("signatures",)
    filters_by = {"model": "model_id", "team": "team_id", "status": "status", "finding": "finding"}

    @extend_schema(request=BreakGlassTaken, responses={201: BreakGlassShown})
    def create(self, request: Request) -> Response:
        """Asks a second person; 409 while another of the model waits or has not been reviewed."""
        entered = self.taken(BreakGlassTaken)
        terms = break_glass.Terms(entered["team"], entered["max_data_class"], entered["hours"])
        asked = break_glass.ask(
            actor=self.actor, model=entered["model"], reason=entered["reason"], terms=terms, now=clock.now()
        )
        return Response(self.shown(asked), status=status.HTTP_201_CREATED)

    @extend_schema(request=Signed, responses=BreakGlassShown)
    @action(detail=True, methods=["post"])
    def countersign(self, request: Request, pk: str) -> Response:
        """Opens the model, on every worker within a second."""
        glass, entered = self.get_object(), self.taken(Signed)
        break_glass.countersign(actor=self.actor, glass=glass, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))

    @extend_schema(request=Reviewed, responses=BreakGlassShown)
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: str) -> Response:
        """Says whether it was right; for somebody who is neither of the two."""
        glass, entered = self.get_object(), self.taken(Reviewed)
        break_glass.review(actor=self.actor, glass=glass, **entered)
        return Response(self.shown(self.get_object()))

    @extend_schema(request=ReasonGiven, responses=BreakGlassShown)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Shuts the model before the time, or takes back what still waits."""
        glass, entered = self.get_object(), self.taken(ReasonGiven)
        break_glass.end(actor=self.actor, glass=glass, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))
