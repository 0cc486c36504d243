"""Names that applications call, and the order of deployments behind them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from governance.models import Deployment, Route
from governance.services import catalogue
from kit import clock
from tenants.acting import actor_of
from tenants.admin.base import GovernedAdmin, GovernedForm

_PLACES = ["first", "second", "third", "fourth"]


def _place(label: str, **options: Any) -> Any:
    return forms.ModelChoiceField(queryset=None, label=label, widget=UnfoldAdminSelectWidget, **options)


class RouteForm(GovernedForm):
    """The candidates in the order in which they are tried."""

    first = _place("Tried first")
    second = _place("Then", required=False, help_text="When the one before does not answer.")
    third = _place("Then", required=False)
    fourth = _place("Then", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(_PLACES) & set(self.fields):
            choice: Any = self.fields[name]
            choice.queryset = Deployment.objects.select_related("model", "provider")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        seen: set[Deployment] = set()
        for name in _PLACES:
            deployment = cleaned.get(name)
            if deployment in seen:
                self.add_error(name, "It is in the order already.")
            if deployment is not None:
                seen.add(deployment)
        return cleaned


@admin.register(Route)
class RouteAdmin(GovernedAdmin[Route]):
    purpose = "A name that applications call, and the deployments that answer it, in order."
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
        ("Deployments", {"fields": _PLACES}),
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
        return catalogue.create_route(
            actor=actor_of(request),
            slug=entered["slug"],
            description=entered["description"],
            team=entered["team"],
            deployments=[entered[name] for name in _PLACES if entered[name]],
            now=clock.now(),
        )
