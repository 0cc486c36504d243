"""The wire forms of tenants: what is shown, and what is taken."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from kit.data_class import DataClass
from tenants.models import (
    ApiKey,
    ApiKeySecret,
    AtStop,
    Each,
    Membership,
    Organization,
    Period,
    Project,
    Role,
    Scope,
    Team,
)
from tenants.models.money import CEILINGS, MOST
from tenants.models.organization import REGION
from tenants.rest.base import DataClassField, Scoped, UsdField


def limit_field(**options: Any) -> serializers.IntegerField:
    """A whole number as the database keeps it; null is none."""
    return serializers.IntegerField(min_value=0, max_value=2**31 - 1, allow_null=True, **options)


def _ceiling() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=MOST, allow_null=True, required=False, default=None)


class OrganizationShown(serializers.ModelSerializer[Organization]):
    default_monthly_budget_usd = UsdField(source="default_monthly_budget_nano_usd", read_only=True, allow_null=True)

    class Meta:
        model = Organization
        fields = [
            "id",
            "name",
            "slug",
            "region",
            "time_zone",
            "cors_origins",
            "default_monthly_budget_usd",
            "default_requests_per_minute",
            "default_tokens_per_minute",
            "default_concurrency",
            "suspended_at",
            "created_at",
        ]


class OrganizationChanged(serializers.Serializer[Any]):
    """What is absent stays as it is; null is none."""

    name = serializers.CharField(max_length=200, required=False)
    time_zone = serializers.CharField(max_length=64, required=False)
    cors_origins = serializers.ListField(child=serializers.CharField(max_length=200), required=False)
    default_monthly_budget_usd = UsdField(required=False, allow_null=True)
    default_requests_per_minute = limit_field(required=False)
    default_tokens_per_minute = limit_field(required=False)
    default_concurrency = limit_field(required=False)


class TeamShown(serializers.ModelSerializer[Team]):
    class Meta:
        model = Team
        fields = ["id", "name", "slug", "suspended_at", "created_at"]


class StartingBudget(serializers.Serializer[Any]):
    """`monthly_budget_usd`: absent, the organisation's default; null, none; else the amount."""

    name = serializers.CharField(max_length=200)
    slug = serializers.SlugField()
    monthly_budget_usd = UsdField(required=False, allow_null=True)


class TeamTaken(StartingBudget):
    pass


class ProjectShown(serializers.ModelSerializer[Project]):
    team = serializers.UUIDField(source="team_id", read_only=True)

    class Meta:
        model = Project
        fields = ["id", "team", "name", "slug", "region", "created_at"]


class ProjectTaken(StartingBudget):
    team = Scoped(Team)


class PlaceTaken(serializers.Serializer[Any]):
    region = serializers.CharField(
        max_length=32, allow_blank=True, validators=[REGION], help_text="Empty: where the organisation is at home."
    )


class MembershipShown(serializers.ModelSerializer[Membership]):
    user = serializers.UUIDField(source="user_id", read_only=True)
    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True)
    name = serializers.CharField(source="user.name", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "user", "name", "email", "role", "team", "created_at"]


class MembershipTaken(serializers.Serializer[Any]):
    email = serializers.EmailField()
    name = serializers.CharField(max_length=200)
    role = serializers.ChoiceField(choices=Role.choices)
    team = Scoped(Team, required=False, allow_null=True, default=None)


class SecretShown(serializers.ModelSerializer[ApiKeySecret]):
    class Meta:
        model = ApiKeySecret
        fields = ["id", "created_at", "expires_at", "last_seen_at"]


class ApiKeyShown(serializers.ModelSerializer[ApiKey]):
    """`secrets` are named by when they were made; their text is not kept."""

    team = serializers.UUIDField(source="team_id", read_only=True)
    project = serializers.UUIDField(source="project_id", read_only=True)
    max_data_class = DataClassField(read_only=True)
    secrets = SecretShown(many=True, read_only=True)

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "prefix",
            "team",
            "project",
            "scopes",
            "networks",
            "max_data_class",
            "expires_at",
            "suspended_at",
            "revoked_at",
            "created_at",
            "secrets",
        ]


class ApiKeyIssued(ApiKeyShown):
    secret = serializers.CharField(read_only=True, help_text="Shown in this answer only.")

    class Meta(ApiKeyShown.Meta):
        fields = [*ApiKeyShown.Meta.fields, "secret"]


class ApiKeyTaken(serializers.Serializer[Any]):
    project = Scoped(Project)
    name = serializers.CharField(max_length=200)
    scopes = serializers.MultipleChoiceField(choices=Scope.choices, required=False)
    networks = serializers.ListField(child=serializers.CharField(max_length=64), required=False, default=list)
    max_data_class = DataClassField(required=False, default=DataClass.CONFIDENTIAL)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class RotationTaken(serializers.Serializer[Any]):
    overlap_seconds = serializers.IntegerField(
        min_value=0, max_value=30 * 86_400, default=int(timedelta(hours=24).total_seconds())
    )


class LevelShown(serializers.Serializer[Any]):
    level = serializers.CharField(read_only=True, help_text="organization, team, project or key")
    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True)
    project = serializers.UUIDField(source="project_id", read_only=True, allow_null=True)
    api_key = serializers.UUIDField(source="api_key_id", read_only=True, allow_null=True)
    each = serializers.CharField(read_only=True, help_text="Of whom each has it alone; empty: all of them together")


class BudgetShown(LevelShown):
    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    limit_usd = UsdField(source="limit_nano_usd", read_only=True)
    period = serializers.ChoiceField(choices=Period.choices, read_only=True)
    use_case = serializers.CharField(read_only=True)
    model = serializers.CharField(read_only=True)
    tag = serializers.CharField(read_only=True)
    thresholds = serializers.ListField(child=serializers.IntegerField(), read_only=True)
    at_stop = serializers.ChoiceField(choices=AtStop.choices, read_only=True)
    downgrade_model = serializers.CharField(read_only=True)
    downgrade_at_percent = serializers.IntegerField(read_only=True)
    per_request_usd = UsdField(source="per_request_nano_usd", read_only=True, allow_null=True)
    expected_requests = serializers.IntegerField(read_only=True, allow_null=True)
    is_active = serializers.BooleanField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)


class LevelTaken(serializers.Serializer[Any]):
    """The narrowest of the three binds; none of them: the whole organisation."""

    team = Scoped(Team, required=False, allow_null=True, default=None)
    project = Scoped(Project, required=False, allow_null=True, default=None)
    api_key = Scoped(ApiKey, required=False, allow_null=True, default=None)
    each = serializers.ChoiceField(choices=Each.choices, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(attrs[name] is not None for name in ("team", "project", "api_key")) > 1:
            raise serializers.ValidationError("Name one of team, project and api_key; the others follow from it.")
        return attrs


class BudgetTerms(serializers.Serializer[Any]):
    """What is absent is as usual in a new budget, and stays as it is in one there is."""

    thresholds = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=1000), required=False)
    at_stop = serializers.ChoiceField(choices=AtStop.choices, required=False)
    downgrade_model = serializers.CharField(max_length=200, allow_blank=True, required=False)
    downgrade_at_percent = serializers.IntegerField(min_value=1, max_value=100, required=False)
    per_request_usd = UsdField(allow_null=True, required=False)
    expected_requests = serializers.IntegerField(min_value=0, max_value=MOST, allow_null=True, required=False)


class BudgetTaken(LevelTaken, BudgetTerms):
    """`use_case`, `model` and `tag` narrow it to the calls that name them."""

    name = serializers.CharField(max_length=200)
    limit_usd = UsdField()
    period = serializers.ChoiceField(choices=Period.choices, default=Period.MONTH)
    use_case = serializers.CharField(max_length=64, allow_blank=True, default="")
    model = serializers.CharField(max_length=200, allow_blank=True, default="")
    tag = serializers.CharField(max_length=64, allow_blank=True, default="")


class BudgetChanged(BudgetTerms):
    limit_usd = UsdField(required=False)


class RateLimitShown(LevelShown):
    id = serializers.UUIDField(read_only=True)

    def get_fields(self) -> dict[str, Any]:
        shown = {name: serializers.IntegerField(read_only=True, allow_null=True) for name in CEILINGS}
        return {**super().get_fields(), **shown}


class RateLimitTaken(LevelTaken):
    """What is absent has no ceiling: the limits take the place of those before."""

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **{name: _ceiling() for name in CEILINGS}}
