"""The kill switch over the management API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import Suspension
from governance.rest import serializers as wire
from governance.services import suspensions
from kit import clock, errors
from tenants.rest.base import ScopedViewSet


class SuspensionViewSet(ScopedViewSet[Suspension]):
    """Newest first. Callers (an API key, a team, the organisation) are suspended with `X-OTP`; so is all resumed."""

    model = Suspension
    serializer_class = wire.SuspensionShown
    view_act = "governance.suspension.view"
    filters_by = {"subject_kind": "subject_kind", "subject": "subject_id", "team": "team_id"}

    @extend_schema(request=wire.SubjectSuspended, responses={201: wire.SuspensionShown})
    def create(self, request: Request) -> Response:
        """Stops every call of the subject, on every worker within a second; 409 where it is suspended already."""
        entered = self.taken(wire.SubjectSuspended)
        subject = suspensions.subject_of(entered.pop("subject"))
        begun = suspensions.suspend(actor=self.actor, subject=subject, now=clock.now(), **entered)
        if begun is None:
            raise errors.Conflict("It is suspended already.")
        return Response(self.shown(begun), status=status.HTTP_201_CREATED)

    @extend_schema(request=wire.ReasonTaken, responses=wire.SuspensionShown)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Lets calls of the subject go on. Again changes nothing."""
        suspension, entered = self.get_object(), self.taken(wire.ReasonTaken)
        suspensions.end(actor=self.actor, suspension=suspension, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))
