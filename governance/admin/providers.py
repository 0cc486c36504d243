"""Whoever runs models."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminURLInputWidget

from governance import third_party
from governance.admin.base import SuspendableAdmin
from governance.models import Provider
from governance.services import catalogue
from kit import clock
from tenants.acting import actor_of
from tenants.admin.base import GovernedForm

_SHOWN = ["name", "kind", "address", "state", "has_credential", "as_third_party", "created_at"]


class CredentialForm(GovernedForm):
    base_url = forms.URLField(
        required=False,
        max_length=500,
        label="Base URL",
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget,
        help_text="Up to and including /v1; empty for the dummy.",
    )
    credential_text = forms.CharField(
        required=False,
        label="Credential",
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text="The provider's API key. Sealed at once and shown to nobody again; a new one replaces it.",
    )


@admin.register(Provider)
class ProviderAdmin(SuspendableAdmin[Provider]):
    purpose = "Whoever runs models: a company with an API, or a server of your own."
    form = CredentialForm
    can_enter = can_amend = True
    list_display = ["name", "kind", "address", "has_credential", "state"]
    list_filter = ["kind", ("suspended_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "base_url"]
    add_fieldsets = [(None, {"fields": ["name", "kind", "base_url", "credential_text"]})]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "name",
                    "kind",
                    "address",
                    "state",
                    "has_credential",
                    "as_third_party",
                    "credential_text",
                    "created_at",
                ]
            },
        )
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return _SHOWN if obj else []

    @admin.display(description="Base URL", ordering="base_url")
    def address(self, row: Provider) -> str:
        return row.base_url

    @admin.display(description="Credential set", boolean=True)
    def has_credential(self, row: Provider) -> bool:
        return bool(row.credential)

    @admin.display(description="As a third party")
    def as_third_party(self, row: Provider) -> str:
        gaps = third_party.gaps(row, timezone.localdate(clock.now()))
        text = format_html_join(" ", "{}", ((gap,) for gap in gaps)) or "Nothing is missing."
        page = reverse("third-party", args=[row.id])
        return format_html('{} <a class="underline" href="{}">Open the file</a>', text, page)

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Provider:
        return catalogue.register_provider(
            actor=actor_of(request),
            name=entered["name"],
            kind=entered["kind"],
            base_url=entered["base_url"],
            credential=entered["credential_text"],
            now=clock.now(),
        )

    def amend(self, request: HttpRequest, row: Provider, entered: dict[str, Any]) -> Provider:
        if entered["credential_text"]:
            catalogue.replace_credential(actor=actor_of(request), provider=row, credential=entered["credential_text"])
        return row
