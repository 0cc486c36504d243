"""Asking, deciding, suspending over the management API: the same services as the screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.approval_state import in_state
from governance.models import Approval, ApprovalRequest, ApprovalState, RiskTier
from governance.rest import approval_forms as wire
from governance.rest.serializers import ReasonTaken, SuspensionTaken
from governance.services import approvals, suspensions
from governance.services.approvals import queue
from kit import clock, errors
from tenants.rest.base import ScopedViewSet


class ApprovalRequestViewSet(ScopedViewSet[ApprovalRequest]):
    """A decision signs the `content_hash` that was read, and needs `X-OTP` and somebody else than the requester."""

    model = ApprovalRequest
    serializer_class = wire.ApprovalRequestShown
    view_act = "governance.register.view"
    related = ("model", "approval")
    prefetched = ("decisions", "stages", "attached__evidence", "overrides")
    search_fields = ["model__slug", "justification"]
    filters_by = {"status": "status", "model": "model_id", "requested_by": "requested_by_id"}

    def filter_queryset(self, queryset: Any) -> Any:
        """As the tabs of the inbox, too."""
        rows, now = super().filter_queryset(queryset), clock.now()
        tab = self._chosen("tab", queue.Tab)
        if tab is not None:
            rows = rows.filter(id__in=queue.requests(self.actor, tab, now).values("id"))
        tier, claimed = self._chosen("tier", RiskTier), self._chosen("claimed", queue.ClaimedBy)
        return queue.narrowed(rows, queue.Wanted(tier=tier, claimed=claimed), self.actor, now)

    @extend_schema(
        parameters=[
            OpenApiParameter("tab", str, enum=queue.Tab.values, description="Of the inbox of whoever asks."),
            OpenApiParameter("tier", int, enum=RiskTier.values),
            OpenApiParameter("claimed", str, enum=queue.ClaimedBy.values, description="By whom it is reviewed now."),
        ]
    )
    def list(self, request: Request) -> Response:
        return super().list(request)

    @extend_schema(request=wire.ApprovalRequestTaken, responses={201: wire.ApprovalRequestShown})
    def create(self, request: Request) -> Response:
        """Submits a request, or drafts one; 409 while another one for the model is open."""
        entered = self.taken(wire.ApprovalRequestTaken)
        act = approvals.draft if entered["is_draft"] else approvals.submit
        asked = act(
            actor=self.actor,
            model=entered["model"],
            justification=entered["justification"],
            terms=wire.terms_of(entered),
            renews=entered["renews"],
            now=clock.now(),
        )
        return Response(self.shown(asked), status=status.HTTP_201_CREATED)

    @extend_schema(request=wire.ContentTaken, responses=wire.ApprovalRequestShown)
    @action(detail=True, methods=["post"])
    def revise(self, request: Request, pk: str) -> Response:
        """Changes what one's own request asks, in a draft or after changes were asked for."""
        asked, entered = self.get_object(), self.taken(wire.ContentTaken)
        terms = wire.terms_of(entered)
        approvals.revise(actor=self.actor, request=asked, justification=entered["justification"], terms=terms)
        return self._as_it_stands()

    @extend_schema(request=None, responses=wire.ApprovalRequestShown)
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str) -> Response:
        """Submits a draft, or a request that was revised."""
        approvals.send(actor=self.actor, request=self.get_object())
        return self._as_it_stands()

    @extend_schema(request=wire.ApprovalTaken, responses=wire.ApprovalRequestShown)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Signs in the open stage; the last one that is needed grants. 409 where what is asked is not what was
        signed."""
        return self._decide(approvals.approve, wire.ApprovalTaken)

    @extend_schema(request=wire.DecisionTaken, responses=wire.ApprovalRequestShown)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        return self._decide(approvals.reject)

    @extend_schema(request=wire.DecisionTaken, responses=wire.ApprovalRequestShown)
    @action(detail=True, methods=["post"], url_path="request-changes")
    def request_changes(self, request: Request, pk: str) -> Response:
        """Gives it back to the requester."""
        return self._decide(approvals.request_changes)

    @extend_schema(request=wire.TierTaken, responses=wire.ApprovalRequestShown)
    @action(detail=True, methods=["post"], url_path="override-tier")
    def override_tier(self, request: Request, pk: str) -> Response:
        """Has it decided by the rule of another tier, from the first stage on. Needs `X-OTP`, and somebody else than
        the requester."""
        asked, entered = self.get_object(), self.taken(wire.TierTaken)
        approvals.override_tier(actor=self.actor, request=asked, now=clock.now(), **entered)
        return self._as_it_stands()

    @extend_schema(request=None, responses=wire.ApprovalRequestShown)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Takes one's own request back."""
        approvals.withdraw(actor=self.actor, request=self.get_object())
        return self._as_it_stands()

    @extend_schema(responses=wire.RevisionShown(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def revisions(self, request: Request, pk: str) -> Response:
        """What it asked, first to last."""
        return Response(wire.RevisionShown(self.get_object().revisions.all(), many=True).data)

    def _decide(self, decision: Callable[..., Any], form: type[wire.DecisionTaken] = wire.DecisionTaken) -> Response:
        asked, entered = self.get_object(), self.taken(form)
        decision(actor=self.actor, request=asked, now=clock.now(), **entered)
        return self._as_it_stands()

    def _chosen(self, parameter: str, choices: Any) -> Any:
        """What a query parameter names; none where it is not given. Raises `errors.InvalidRequest`."""
        given = self.request.query_params.get(parameter)
        named = {str(choice.value): choice for choice in choices}
        if given is not None and given not in named:
            raise errors.InvalidRequest(f"{parameter} is one of: {', '.join(named)}.", param=parameter)
        return named.get(given) if given is not None else None

    def _as_it_stands(self) -> Response:
        return Response(self.shown(self.get_object()))


class ApprovalViewSet(ScopedViewSet[Approval]):
    """Permissions. They come from approved requests; here they are suspended and resumed."""

    model = Approval
    serializer_class = wire.ApprovalShown
    view_act = "governance.register.view"
    filters_by = {"model": "model_id", "request": "request_id"}

    def filter_queryset(self, queryset: Any) -> Any:
        """By how they stand now, too."""
        rows = super().filter_queryset(queryset)
        state = self.request.query_params.get("state")
        if state is None:
            return rows
        if state not in ApprovalState.values:
            raise errors.InvalidRequest("No approval stands like that.", param="state")
        return rows.filter(in_state(ApprovalState(state), clock.now()))

    @extend_schema(parameters=[OpenApiParameter("state", str, enum=ApprovalState.values)])
    def list(self, request: Request) -> Response:
        return super().list(request)

    @extend_schema(request=SuspensionTaken, responses=wire.ApprovalShown)
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, pk: str) -> Response:
        """Stops every call under it, on every worker within a second. Again changes nothing."""
        approval, entered = self.get_object(), self.taken(SuspensionTaken)
        suspensions.suspend(actor=self.actor, subject=approval, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))

    @extend_schema(request=ReasonTaken, responses=wire.ApprovalShown)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Lets calls run under it again. Needs a one-time password."""
        approval, entered = self.get_object(), self.taken(ReasonTaken)
        suspensions.resume(actor=self.actor, subject=approval, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))
