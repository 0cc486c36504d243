"""More for a budget over the management API: asked for, decided with `X-OTP` by somebody else, and ended early."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.services import increases
from kit import clock
from tenants.models import Budget, BudgetIncrease
from tenants.rest.base import Scoped, ScopedViewSet, UsdField


class IncreaseShown(serializers.ModelSerializer[BudgetIncrease]):
    """`is_granted` is null while it waits. After `ends_at`, or `ended_at` where it was ended before, the budget is what
    it was."""

    budget = serializers.UUIDField(source="budget_id", read_only=True)
    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True, help_text="Of the budget.")
    amount_usd = UsdField(source="amount_nano_usd", read_only=True)
    asked_by = serializers.UUIDField(source="asked_by_id", read_only=True)
    decided_by = serializers.UUIDField(source="decided_by_id", read_only=True, allow_null=True)
    ended_by = serializers.UUIDField(source="ended_by_id", read_only=True, allow_null=True)

    class Meta:
        model = BudgetIncrease
        fields = [
            "id",
            "budget",
            "team",
            "amount_usd",
            "ends_at",
            "reason",
            "asked_by",
            "asked_at",
            "is_granted",
            "decided_by",
            "decided_at",
            "answer",
            "ended_by",
            "ended_at",
            "end_reason",
        ]


class IncreaseTaken(serializers.Serializer[Any]):
    budget = Scoped(Budget)
    amount_usd = UsdField()
    ends_at = serializers.DateTimeField(help_text="Within a year.")
    reason = serializers.CharField(max_length=4000)


class IncreaseReasoned(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=4000)


class BudgetIncreaseViewSet(ScopedViewSet[BudgetIncrease]):
    """Newest first. Which budget has no room, a refused call says."""

    model = BudgetIncrease
    serializer_class = IncreaseShown
    view_act = increases.VIEW
    filters_by = {"budget": "budget_id", "team": "team_id"}

    @extend_schema(request=IncreaseTaken, responses={201: IncreaseShown})
    def create(self, request: Request) -> Response:
        """Asks whoever may set the budget for more, until a time."""
        entered = self.taken(IncreaseTaken)
        asked = increases.ask(
            actor=self.actor,
            budget=entered["budget"],
            amount_nano_usd=entered["amount_usd"],
            ends_at=entered["ends_at"],
            reason=entered["reason"],
            now=clock.now(),
        )
        return Response(self.shown(asked), status=status.HTTP_201_CREATED)

    @extend_schema(request=IncreaseReasoned, responses=IncreaseShown)
    @action(detail=True, methods=["post"])
    def grant(self, request: Request, pk: str) -> Response:
        """Grants it: the budget allows so much more until its end. Takes another person, with `X-OTP`."""
        return self._decide(is_granted=True)

    @extend_schema(request=IncreaseReasoned, responses=IncreaseShown)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        """Refuses it; the budget stays as it is. Takes another person, with `X-OTP`."""
        return self._decide(is_granted=False)

    @extend_schema(request=IncreaseReasoned, responses=IncreaseShown)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Takes it back before its time: by whoever may set the budget, and while it waits by whoever asked."""
        increase, entered = self.get_object(), self.taken(IncreaseReasoned)
        ended = increases.end(actor=self.actor, increase=increase, reason=entered["reason"], now=clock.now())
        return Response(self.shown(ended))

    def _decide(self, *, is_granted: bool) -> Response:
        increase, entered = self.get_object(), self.taken(IncreaseReasoned)
        decided = increases.decide(
            actor=self.actor, increase=increase, is_granted=is_granted, reason=entered["reason"], now=clock.now()
        )
        return Response(self.shown(decided))
