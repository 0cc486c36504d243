"""Organisation, teams and projects."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldBooleanSwitchWidget

from kit import clock, money
from tenants.acting import actor_of
from tenants.admin.base import GovernedAdmin, GovernedForm
from tenants.admin.fields import UsdField
from tenants.models import Organization, Project, Team
from tenants.services import organizations
from tenants.services.organizations import INHERIT, Unset

_BUDGET_FIELDS = (
    "Budget to start with",
    {
        "fields": ["monthly_budget", "without_budget"],
        "description": "Left empty, the organisation's default budget and rate limits are taken over.",
    },
)


class StartingBudgetForm(GovernedForm):
    """A new team or project takes over the default budget, gets one of its own, or explicitly none."""

    monthly_budget = UsdField(required=False, label="Monthly budget, USD")
    without_budget = forms.BooleanField(
        required=False, label="No budget", widget=UnfoldBooleanSwitchWidget, help_text="Spend is then not limited here."
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if cleaned.get("without_budget") and cleaned.get("monthly_budget") is not None:
            self.add_error("without_budget", "Either a budget or none.")
        return cleaned


def _budget(entered: dict[str, Any]) -> int | Unset | None:
    if entered["without_budget"]:
        return None
    amount: int | None = entered["monthly_budget"]
    return INHERIT if amount is None else amount


@admin.register(Organization)
class OrganizationAdmin(GovernedAdmin[Organization]):
    """The one organisation the person acts in."""

    list_display = ["name", "slug", "region", "time_zone", "default_budget"]
    search_fields = ["name", "slug"]
    fields = [
        "name",
        "slug",
        "region",
        "time_zone",
        "cors_origins",
        "default_budget",
        "default_requests_per_minute",
        "default_tokens_per_minute",
        "default_concurrency",
        "created_at",
    ]
    readonly_fields = ["default_budget"]

    @admin.display(description="Default monthly budget")
    def default_budget(self, row: Organization) -> str:
        amount = row.default_monthly_budget_nano_usd
        return "none" if amount is None else money.display(amount)


@admin.register(Team)
class TeamAdmin(GovernedAdmin[Team]):
    form = StartingBudgetForm
    can_enter = True
    list_display = ["name", "slug", "created_at"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["name", "slug", "created_at"]
    add_fieldsets = [(None, {"fields": ["name", "slug"]}), _BUDGET_FIELDS]

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Team:
        return organizations.create_team(
            actor=actor_of(request),
            name=entered["name"],
            slug=entered["slug"],
            now=clock.now(),
            monthly_budget_nano_usd=_budget(entered),
        )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else super().get_prepopulated_fields(request, obj)


@admin.register(Project)
class ProjectAdmin(GovernedAdmin[Project]):
    form = StartingBudgetForm
    can_enter = True
    list_display = ["name", "team", "slug", "created_at"]
    list_filter = ["team"]
    list_select_related = ["team"]
    search_fields = ["name", "slug", "team__name"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["team", "name", "slug", "created_at"]
    add_fieldsets = [(None, {"fields": ["team", "name", "slug"]}), _BUDGET_FIELDS]

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Project:
        return organizations.create_project(
            actor=actor_of(request),
            team=entered["team"],
            name=entered["name"],
            slug=entered["slug"],
            now=clock.now(),
            monthly_budget_nano_usd=_budget(entered),
        )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else super().get_prepopulated_fields(request, obj)
