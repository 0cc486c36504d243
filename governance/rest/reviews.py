"""Review rules and delegations over the management API."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import Delegation, EvidenceKind, ReviewRule
from governance.rest import approval_forms as wire
from governance.review import StageRule
from governance.services import delegations, review_rules
from kit import clock
from tenants.models import Role, User
from tenants.rest.base import ScopedViewSet


class ReviewRuleViewSet(ScopedViewSet[ReviewRule]):
    """What it takes to approve a request of each risk tier. Setting one needs `X-OTP`; requests that wait keep the
    stages they were submitted with."""

    model = ReviewRule
    serializer_class = wire.ReviewRuleShown
    view_act = "governance.register.view"

    @extend_schema(request=wire.ReviewRuleTaken, responses={201: wire.ReviewRuleShown})
    def create(self, request: Request) -> Response:
        """Replaces the rule of a tier."""
        entered = self.taken(wire.ReviewRuleTaken)
        stages = [
            StageRule(tuple(Role(role) for role in stage["roles"]), stage["needed"], stage["due_days"])
            for stage in entered["stages"]
        ]
        kinds = [EvidenceKind(kind) for kind in entered["evidence"]] if "evidence" in entered else None
        rule = review_rules.set_rule(
            actor=self.actor,
            risk_tier=entered["risk_tier"],
            stages=stages,
            evidence=kinds,
            recertify_days=entered["recertify_days"],
            now=clock.now(),
        )
        return Response(self.shown(rule), status=status.HTTP_201_CREATED)


class DelegationViewSet(ScopedViewSet[Delegation]):
    """Who may decide in whose place. One's own right alone is passed on."""

    model = Delegation
    serializer_class = wire.DelegationShown
    view_act = "governance.register.view"

    @extend_schema(request=wire.DelegationTaken, responses={201: wire.DelegationShown})
    def create(self, request: Request) -> Response:
        """Delegates one's own reviewing for a while. Needs `X-OTP`."""
        entered = self.taken(wire.DelegationTaken)
        to = get_object_or_404(User, id=entered.pop("delegate"))
        made = delegations.delegate(actor=self.actor, to=to, **entered)
        return Response(self.shown(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=wire.DelegationShown)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Takes it back."""
        delegations.end(actor=self.actor, delegation=self.get_object(), now=clock.now())
        return Response(self.shown(self.get_object()))
