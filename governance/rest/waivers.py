"""Waivers over the management API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import Approval, UseCase, WaivedCondition, Waiver, WaiverSignature
from governance.models.waiver import MOST_DAYS
from governance.rest.exceptions import ReasonGiven, Signed
from governance.services import waivers
from kit import clock
from tenants.rest.base import DataClassField, Scoped, ScopedViewSet


class WaiverSignatureShown(serializers.ModelSerializer[WaiverSignature]):
    signed_by = serializers.UUIDField(source="signed_by_id", read_only=True)

    class Meta:
        model = WaiverSignature
        fields = ["id", "kind", "signed_by", "reason", "signed_hash", "signed_at"]


class WaiverShown(serializers.ModelSerializer[Waiver]):
    """`content_hash` is what a signature signs. After `ends_at` no call runs by it, whatever the status says."""

    approval = serializers.UUIDField(source="approval_id", read_only=True)
    use_case = serializers.UUIDField(source="use_case_id", read_only=True)
    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True, help_text="Of the use case.")
    max_data_class = DataClassField(read_only=True, allow_null=True)
    asked_by = serializers.UUIDField(source="asked_by_id", read_only=True)
    signatures = WaiverSignatureShown(many=True, read_only=True)

    class Meta:
        model = Waiver
        fields = [
            "id",
            "approval",
            "use_case",
            "team",
            "condition",
            "max_data_class",
            "days",
            "reason",
            "compensating_control",
            "content_hash",
            "asked_by",
            "asked_at",
            "status",
            "in_force_at",
            "ends_at",
            "ended_at",
            "signatures",
        ]


class WaiverTaken(ReasonGiven):
    approval = Scoped(Approval)
    use_case = Scoped(UseCase)
    condition = serializers.ChoiceField(choices=WaivedCondition.choices)
    max_data_class = DataClassField(
        required=False, allow_null=True, default=None, help_text="For a waiver of the data class: up to which."
    )
    days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS, default=90)
    compensating_control = serializers.CharField(max_length=4000, help_text="What is done instead of the condition.")


class WaiverViewSet(ScopedViewSet[Waiver]):
    """Newest first. Two sign who did not ask, each with `X-OTP`; one of them is a compliance officer."""

    model = Waiver
    serializer_class = WaiverShown
    view_act = "governance.register.view"
    related = ("approval__model", "use_case")
    prefetched = ("signatures",)
    filters_by = {"approval": "approval_id", "use_case": "use_case_id", "condition": "condition", "status": "status"}

    @extend_schema(request=WaiverTaken, responses={201: WaiverShown})
    def create(self, request: Request) -> Response:
        """Asks two others; 409 while another waiver of the condition waits or is in force."""
        entered = self.taken(WaiverTaken)
        terms = waivers.Terms(
            WaivedCondition(entered["condition"]),
            entered["compensating_control"],
            entered["days"],
            entered["max_data_class"],
        )
        asked = waivers.ask(
            actor=self.actor,
            approval=entered["approval"],
            use_case=entered["use_case"],
            reason=entered["reason"],
            terms=terms,
            now=clock.now(),
        )
        return Response(self.shown(asked), status=status.HTTP_201_CREATED)

    @extend_schema(request=Signed, responses=WaiverShown)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: str) -> Response:
        """The second signature puts it in force, on every worker within a second."""
        waiver, entered = self.get_object(), self.taken(Signed)
        waivers.sign(actor=self.actor, waiver=waiver, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))

    @extend_schema(request=ReasonGiven, responses=WaiverShown)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Ends it before the time, or takes back what still waits."""
        waiver, entered = self.get_object(), self.taken(ReasonGiven)
        waivers.end(actor=self.actor, waiver=waiver, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))
