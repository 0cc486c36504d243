"""Where models run, and what they cost."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode

from governance import coverage, selectors
from governance.admin.base import SuspendableAdmin
from governance.models import Approval, Deployment, Price
from governance.services import catalogue
from kit import clock, money
from tenants.acting import actor_of


@admin.register(Deployment)
class DeploymentAdmin(SuspendableAdmin[Deployment]):
    purpose = "Where a model runs: at a provider, in a region. Without a price it is not called."
    can_enter = True
    list_display = ["model", "provider", "upstream_model", "region", "position", "price_now", "state"]
    list_filter = ["provider", "region", ("suspended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["model", "provider"]
    search_fields = ["model__slug", "upstream_model", "provider__name", "region"]
    fields = [
        "model",
        "provider",
        "upstream_model",
        "region",
        "position",
        "state",
        "price_now",
        "says_it_is",
        "approval",
        "created_at",
    ]
    readonly_fields = ["state", "price_now", "says_it_is", "approval"]
    add_fieldsets = [(None, {"fields": ["model", "provider", "upstream_model", "region", "position"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Deployment]:
        return super().get_queryset(request).prefetch_related("prices")

    @admin.display(description="Price now, per million tokens")
    def price_now(self, row: Deployment) -> str:
        price = selectors.price_at(row, clock.now())
        return price_text(price) if price else "none: calls are refused"

    @admin.display(description="Says it is")
    def says_it_is(self, row: Deployment) -> str:
        """What its answers named, the newest last: another than the first may be another model."""
        said = [
            f"{identity}, since {timezone.localtime(identity.first_heard_at):%d %b %Y %H:%M}"
            for identity in row.identities.all()
        ]
        return "; ".join(said) or "nothing yet"

    @admin.display(description="Approval of the model")
    def approval(self, row: Deployment) -> str:
        approval, lack = coverage.in_force(row.model), coverage.lack(row)
        if approval is None:
            return "none"
        return uncovered(approval, lack) if lack else "covers it"

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Deployment:
        return catalogue.register_deployment(actor=actor_of(request), now=clock.now(), **entered)


def uncovered(approval: Approval, lack: str) -> str:
    """With the page to ask on, which begins with the conditions in force."""
    asked = urlencode({"model": str(approval.model_id), "renews": str(approval.id)})
    return format_html(
        'does not cover it: {}. <a class="underline" href="{}?{}">Ask anew</a>', lack, reverse("approval-ask"), asked
    )


def price_text(price: Price) -> str:
    """Short, for a table cell."""
    parts = [
        f"{money.display(price.input_nano_usd_per_million)} in",
        f"{money.display(price.output_nano_usd_per_million)} out",
    ]
    if price.per_request_nano_usd:
        parts.append(f"{money.display(price.per_request_nano_usd)} per request")
    return ", ".join(parts)
