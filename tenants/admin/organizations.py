"""Organisation, teams and projects."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from kit import clock, money
from tenants.acting import actor_of
from tenants.admin.base import Act, GovernedAdmin, GovernedForm, act
from tenants.admin.fields import LinesField, UsdField
from tenants.models import Organization, Project, Team
from tenants.models.organization import REGION
from tenants.services import organizations
from tenants.services.organizations import INHERIT, Defaults, Limits, Settings, Unset

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


class PlaceForm(forms.Form):
    region = forms.CharField(
        required=False,
        max_length=32,
        validators=[REGION],
        widget=UnfoldAdminTextInputWidget,
        help_text="Such as eu or us. Empty: where the organisation is at home.",
    )


class SettingsForm(GovernedForm):
    cors_origins = LinesField(
        required=False,
        label="Origins of browsers",
        help_text="One a line, such as https://app.example.com: pages there may call the inference API. Empty: none.",
    )
    monthly_budget = UsdField(
        required=False, label="Monthly budget, USD", help_text="Empty: new teams and projects start without one."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["monthly_budget"] = self.instance.default_monthly_budget_nano_usd


@admin.register(Organization)
class OrganizationAdmin(GovernedAdmin[Organization]):
    """The one organisation the person acts in."""

    purpose = "Time zone, origins of browsers, and what new teams and projects start with."
    form = SettingsForm
    can_amend = True

    list_display = ["name", "slug", "region", "time_zone", "default_budget"]
    search_fields = ["name", "slug"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "region", "time_zone", "cors_origins", "created_at"]}),
        (
            "What new teams and projects start with",
            {
                "fields": [
                    "monthly_budget",
                    "default_requests_per_minute",
                    "default_tokens_per_minute",
                    "default_concurrency",
                ]
            },
        ),
    ]
    readonly_fields = ["slug", "region", "default_budget", "created_at"]

    @admin.display(description="Default monthly budget")
    def default_budget(self, row: Organization) -> str:
        amount = row.default_monthly_budget_nano_usd
        return "none" if amount is None else money.display(amount)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may not change it reads the budget as an amount, since a field of the form alone is not shown then."""
        if self.has_change_permission(request, obj):
            return self.fieldsets
        facts, (title, starting) = self.fieldsets
        fields = ["default_budget", *starting["fields"][1:]]
        return [facts, (title, {"fields": fields})]

    def amend(self, request: HttpRequest, row: Organization, entered: dict[str, Any]) -> Organization:
        limits = Limits(
            entered["default_requests_per_minute"],
            entered["default_tokens_per_minute"],
            entered["default_concurrency"],
        )
        return organizations.change(
            actor=actor_of(request),
            organization=row,
            settings=Settings(
                name=entered["name"],
                time_zone=entered["time_zone"],
                cors_origins=entered["cors_origins"],
                defaults=Defaults(entered["monthly_budget"], limits),
            ),
        )


@admin.register(Team)
class TeamAdmin(GovernedAdmin[Team]):
    purpose = "A team has projects, people and budgets of its own, and sees nothing of other teams."
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
    purpose = "An application of a team. API keys belong to a project."
    form = StartingBudgetForm
    can_enter = True
    change_act = "tenants.organization.change"
    list_display = ["name", "team", "slug", "where", "created_at"]
    list_filter = ["team", "region"]
    list_select_related = ["team", "organization"]
    search_fields = ["name", "slug", "team__name"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["team", "name", "slug", "where", "created_at"]
    readonly_fields = ["where"]
    add_fieldsets = [(None, {"fields": ["team", "name", "slug"]}), _BUDGET_FIELDS]
    actions_detail = ["place"]

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Project:
        return organizations.create_project(
            actor=actor_of(request),
            team=entered["team"],
            name=entered["name"],
            slug=entered["slug"],
            now=clock.now(),
            monthly_budget_nano_usd=_budget(entered),
        )

    @admin.display(description="Runs in", ordering="region")
    def where(self, row: Project) -> str:
        return row.region or row.organization.region

    @act(description="Say where it runs", icon="location_on")
    def place(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: Project, entered: dict[str, Any]) -> str:
            placed = organizations.place_project(actor=actor_of(request), project=row, region=entered["region"])
            return f"{row} runs in {self.where(placed)}."

        return self.confirm(
            request,
            object_id,
            Act(
                title="Say where a project runs",
                button="Save",
                consequences=lambda row: [
                    f"Approvals that name regions of callers go by it. Now: {self.where(row)}.",
                    "It is not looked into: an application is where you say it is.",
                ],
                perform=perform,
                form_class=PlaceForm,
            ),
        )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else super().get_prepopulated_fields(request, obj)
