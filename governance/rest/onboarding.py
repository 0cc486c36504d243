"""Onboarding a team over the management API: the same service as the page."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import Model
from governance.services import onboarding
from governance.services.onboarding import Allotment, Lead, Named, Onboarded, Plan, Policy
from kit import clock
from kit.data_class import DataClass
from tenants.acting import actor_of
from tenants.rest.base import DataClassField, MayView, Scoped, UsdField
from tenants.rest.serializers import (
    ApiKeyShown,
    BudgetShown,
    MembershipShown,
    ProjectShown,
    RateLimitShown,
    TeamShown,
    limit_field,
)
from tenants.services.organizations import INHERIT, Limits


class NamedTaken(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    slug = serializers.SlugField(max_length=50)


class LeadTaken(serializers.Serializer[Any]):
    email = serializers.EmailField()
    name = serializers.CharField(max_length=200, help_text="Of somebody who is new; others keep theirs.")


class LimitsTaken(serializers.Serializer[Any]):
    requests_per_minute = limit_field(required=False, default=None)
    tokens_per_minute = limit_field(required=False, default=None)
    concurrency = limit_field(required=False, default=None)


class OnboardingTaken(serializers.Serializer[Any]):
    """`monthly_budget_usd` and `limits`: absent, the organisation's default; null, none."""

    team = NamedTaken()
    lead = LeadTaken()
    project = NamedTaken()
    monthly_budget_usd = UsdField(required=False, allow_null=True)
    limits = LimitsTaken(required=False, allow_null=True)
    max_data_class = DataClassField(
        required=False, default=DataClass.CONFIDENTIAL, help_text="The most sensitive that the key may send."
    )
    models = serializers.ListField(
        child=Scoped(Model), required=False, default=list, max_length=50, help_text="Those to ask for."
    )
    reason = serializers.CharField(
        max_length=4000, required=False, default="", allow_blank=True, help_text="What the models are needed for."
    )


class AskedModel(serializers.ModelSerializer[Model]):
    class Meta:
        model = Model
        fields = ["id", "slug", "name"]


class Waiting(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    model = serializers.UUIDField(source="model_id", read_only=True)
    status = serializers.CharField(read_only=True)


class OnboardedShown(serializers.Serializer[Any]):
    """What there is of the team. Where it was there before, nothing was made, and there is no secret to show."""

    is_new = serializers.SerializerMethodField()
    team = TeamShown(read_only=True)
    leads = MembershipShown(many=True, read_only=True)
    projects = ProjectShown(many=True, read_only=True)
    keys = ApiKeyShown(many=True, read_only=True)
    budgets = BudgetShown(many=True, read_only=True)
    rate_limits = RateLimitShown(source="limits", many=True, read_only=True)
    callable = AskedModel(many=True, read_only=True, help_text="Models whose approval admits the team.")
    waiting = Waiting(many=True, read_only=True, help_text="Requests for the team that are not decided yet.")
    secret = serializers.CharField(
        source="issued.secret", read_only=True, default=None, help_text="Of the key, in this answer only."
    )
    first_password = serializers.CharField(
        source="issued.first_password", read_only=True, default=None, help_text="Of a lead who is new, likewise."
    )

    def get_is_new(self, row: Onboarded) -> bool:
        return row.issued is not None


class OnboardingViewSet(viewsets.ViewSet):
    permission_classes = [IsAuthenticated, MayView]
    view_act = onboarding.ACT

    @extend_schema(request=OnboardingTaken, responses={200: OnboardedShown, 201: OnboardedShown})
    def create(self, request: Request) -> Response:
        """Makes a team with its lead, first project, key, budget and limits, and asks for models, or nothing of it.
        Needs `X-OTP`. 200 with what there is where there is a team of that slug already."""
        entered = OnboardingTaken(data=request.data)
        entered.is_valid(raise_exception=True)
        plan = _plan(entered.validated_data)
        onboarded = onboarding.onboard(actor=actor_of(request._request), plan=plan, now=clock.now())
        code = status.HTTP_200_OK if onboarded.issued is None else status.HTTP_201_CREATED
        return Response(OnboardedShown(onboarded).data, status=code)


def _plan(entered: dict[str, Any]) -> Plan:
    limits = entered.get("limits", INHERIT)
    return Plan(
        team=Named(**entered["team"]),
        lead=Lead(**entered["lead"]),
        project=Named(**entered["project"]),
        allotment=Allotment(
            entered.get("monthly_budget_usd", INHERIT), Limits(**limits) if isinstance(limits, dict) else limits
        ),
        policy=Policy(entered["max_data_class"], entered["models"], entered["reason"]),
    )
