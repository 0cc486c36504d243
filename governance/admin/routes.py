"""Names that applications call, and the order of deployments behind them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectMultipleWidget

from governance.models import Deployment, Route
from governance.services import catalogue
from kit import clock
from tenants.acting import actor_of
from tenants.admin.base import GovernedAdmin, GovernedForm


class RouteForm(GovernedForm):
    """The candidates in the order in which they are tried."""

    first: Any = forms.ModelChoiceField(queryset=None, label="First choice")
    fallbacks: Any = forms.ModelMultipleChoiceField(
        queryset=None,
        required=False,
        widget=UnfoldAdminSelectMultipleWidget,
        help_text="Tried in the order of the list when the first choice fails.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first", "fallbacks"):
            if name in self.fields:
                choice: Any = self.fields[name]
                choice.queryset = Deployment.objects.select_related("model", "provider")


@admin.register(Route)
class RouteAdmin(GovernedAdmin[Route]):
    form = RouteForm
    can_enter = True
    list_display = ["slug", "description", "team", "order"]
    list_filter = ["team"]
    list_select_related = ["team"]
    search_fields = ["slug", "description"]
    fields = ["slug", "description", "team", "order", "created_at"]
    readonly_fields = ["order"]
    add_fieldsets = [
        (None, {"fields": ["slug", "description", "team"]}),
        ("Deployments", {"fields": ["first", "fallbacks"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Route]:
        return (
            super()
            .get_queryset(request)
            .prefetch_related("candidates__deployment__model", "candidates__deployment__provider")
        )

    @admin.display(description="Order of deployments")
    def order(self, row: Route) -> str:
        return " → ".join(str(candidate.deployment) for candidate in row.candidates.all())

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Route:
        later = [deployment for deployment in entered["fallbacks"] if deployment != entered["first"]]
        return catalogue.create_route(
            actor=actor_of(request),
            slug=entered["slug"],
            description=entered["description"],
            team=entered["team"],
            deployments=[entered["first"], *later],
            now=clock.now(),
        )
