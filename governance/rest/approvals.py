"""Asking, deciding, suspending over the management API: the same services as the screens."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import Approval, ApprovalRequest
from governance.rest import serializers as wire
from governance.services import approvals, suspensions
from governance.services.approvals import Terms
from kit import clock
from tenants.rest.base import ScopedViewSet


class ApprovalRequestViewSet(ScopedViewSet[ApprovalRequest]):
    """A decision signs the `content_hash` that was read, and needs `X-OTP` and somebody else than the requester."""

    model = ApprovalRequest
    serializer_class = wire.ApprovalRequestShown
    view_act = "governance.register.view"
    related = ("model",)
    prefetched = ("decisions",)
    search_fields = ["model__slug", "justification"]
    filters_by = {"status": "status", "model": "model_id", "requested_by": "requested_by_id"}

    @extend_schema(request=wire.ApprovalRequestTaken, responses={201: wire.ApprovalRequestShown})
    def create(self, request: Request) -> Response:
        """Submits a request; 409 while another one for the model is open."""
        entered = self.taken(wire.ApprovalRequestTaken)
        terms = Terms(
            teams=[team.id for team in entered["teams"]],
            regions=entered["regions"],
            max_data_class=entered["max_data_class"],
            expires_at=entered["expires_at"],
        )
        submitted = approvals.submit(
            actor=self.actor,
            model=entered["model"],
            justification=entered["justification"],
            terms=terms,
            now=clock.now(),
        )
        return Response(self.shown(submitted), status=status.HTTP_201_CREATED)

    @extend_schema(request=wire.DecisionTaken, responses=wire.ApprovalShown)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Grants the permission; 409 where what is asked is not what was signed."""
        asked, entered = self.get_object(), self.taken(wire.DecisionTaken)
        granted = approvals.approve(actor=self.actor, request=asked, now=clock.now(), **entered)
        return Response(wire.ApprovalShown(granted).data)

    @extend_schema(request=wire.DecisionTaken, responses=wire.ApprovalRequestShown)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        asked, entered = self.get_object(), self.taken(wire.DecisionTaken)
        approvals.reject(actor=self.actor, request=asked, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))

    @extend_schema(request=None, responses=wire.ApprovalRequestShown)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Takes one's own request back."""
        approvals.withdraw(actor=self.actor, request=self.get_object())
        return Response(self.shown(self.get_object()))


class ApprovalViewSet(ScopedViewSet[Approval]):
    """Permissions. They come from approved requests; here they are suspended and resumed."""

    model = Approval
    serializer_class = wire.ApprovalShown
    view_act = "governance.register.view"
    filters_by = {"model": "model_id", "request": "request_id"}

    @extend_schema(request=wire.SuspensionTaken, responses=wire.ApprovalShown)
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, pk: str) -> Response:
        """Stops every call under it, on every worker within a second. Again changes nothing."""
        approval, entered = self.get_object(), self.taken(wire.SuspensionTaken)
        suspensions.suspend(actor=self.actor, subject=approval, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))

    @extend_schema(request=wire.ReasonTaken, responses=wire.ApprovalShown)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Lets calls run under it again. Needs a one-time password."""
        approval, entered = self.get_object(), self.taken(wire.ReasonTaken)
        suspensions.resume(actor=self.actor, subject=approval, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))
