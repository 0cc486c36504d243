"""Identity providers: accept their tokens, exchange their keys, stop accepting them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from kit import clock
from kit.data_class import DataClass
from tenants.acting import actor_of
from tenants.admin.base import Act, GovernedAdmin, GovernedForm, act, label
from tenants.admin.fields import JsonField, LinesField
from tenants.admin.filters import ProjectFilter
from tenants.models import IdentityProvider, Scope
from tenants.models.keys import default_algorithms, default_scopes
from tenants.services import identity_providers
from tenants.services.credentials import Bounds
from tenants.services.identity_providers import Issuer
from tenants.services.key_sets import ALGORITHMS

_STATES = {"live": "success", "revoked": "danger"}
_KEY_SET = "The issuer's public key set (JWKS), as the address that its discovery document names shows it."


class RegisterForm(GovernedForm):
    """Whose tokens are accepted, and what they may be used for."""

    jwks = JsonField(label="Key set", help_text=f"{_KEY_SET} Nothing is fetched from there.")
    algorithms = forms.MultipleChoiceField(
        choices=[(name, name) for name in ALGORITHMS],
        initial=default_algorithms,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, initial=default_scopes, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    networks = LinesField(
        required=False, help_text="Networks in CIDR form, one a line. Empty: tokens may come from anywhere."
    )


class KeySetForm(forms.Form):
    jwks = JsonField(label="Key set", help_text=_KEY_SET)


@admin.register(IdentityProvider)
class IdentityProviderAdmin(GovernedAdmin[IdentityProvider]):
    purpose = "Issuers whose signed tokens (JWT) applications call the gateway with, in place of an API key."
    form = RegisterForm
    can_enter = True
    change_act = "tenants.identity_provider.manage"
    list_display = ["name", "issuer", "audience", "project", "state", "data_class"]
    list_filter = ["team", ("project", ProjectFilter), ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["project__team"]
    search_fields = ["name", "issuer", "audience", "project__name"]
    fields = [
        "name",
        "state",
        "project",
        "issuer",
        "audience",
        "algorithm_names",
        "keys",
        "scope_names",
        "networks",
        "data_class",
        "created_at",
    ]
    readonly_fields = ["state", "algorithm_names", "keys", "scope_names", "data_class"]
    add_fieldsets = [
        (None, {"fields": ["project", "name"]}),
        ("Whose tokens are accepted", {"fields": ["issuer", "audience", "jwks", "algorithms"]}),
        ("What they may be used for", {"fields": ["scopes", "max_data_class", "networks"]}),
    ]
    actions_detail = ["replace_keys", "revoke"]

    @label("State", _STATES)
    def state(self, row: IdentityProvider) -> str:
        return "revoked" if row.revoked_at else "live"

    @admin.display(description="Data class, at most", ordering="max_data_class")
    def data_class(self, row: IdentityProvider) -> str:
        return DataClass(row.max_data_class).label

    @admin.display(description="Scopes")
    def scope_names(self, row: IdentityProvider) -> str:
        return ", ".join(label for value, label in Scope.choices if value in row.scopes)

    @admin.display(description="Algorithms")
    def algorithm_names(self, row: IdentityProvider) -> str:
        return ", ".join(row.algorithms)

    @admin.display(description="Keys")
    def keys(self, row: IdentityProvider) -> str:
        return format_html_join("", "<p>{}</p>", ((line,) for line in _key_lines(row)))

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> IdentityProvider:
        return identity_providers.register(
            actor=actor_of(request),
            project=entered["project"],
            name=entered["name"],
            issuer=Issuer(entered["issuer"], entered["audience"], entered["jwks"], entered["algorithms"]),
            bounds=Bounds(entered["scopes"], entered["networks"], DataClass(entered["max_data_class"])),
            now=clock.now(),
        )

    def unfit(self, row: IdentityProvider) -> set[str]:
        return {"replace_keys", "revoke"} if row.revoked_at else set()

    @act(description="Replace keys", icon="autorenew")
    def replace_keys(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: IdentityProvider, entered: dict[str, Any]) -> str:
            identity_providers.replace_keys(actor=actor_of(request), provider=row, jwks=entered["jwks"])
            return f"The keys of {row.name} are replaced."

        return self.confirm(
            request,
            object_id,
            Act(
                title="Replace the keys of an identity provider",
                button="Replace the keys",
                consequences=lambda row: [
                    "The set below takes the place of the present one, on every worker within a second.",
                    "Tokens signed with a key that is not in it are refused. While the issuer changes over, "
                    "paste a set that holds both.",
                    *_key_lines(row),
                ],
                perform=perform,
                form_class=KeySetForm,
            ),
        )

    @act(description="Revoke", icon="block", destructive=True)
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: IdentityProvider, _: dict[str, Any]) -> str:
            identity_providers.revoke(actor=actor_of(request), provider=row, now=clock.now())
            return f"{row.name} is revoked."

        return self.confirm(
            request,
            object_id,
            Act(
                title="Revoke an identity provider",
                button="Revoke for good",
                consequences=lambda row: [
                    f"Every call with a token of {row.issuer} for {row.audience} is refused, on every worker within "
                    "a second. It cannot be undone; the issuer can be registered anew.",
                    f"Applications of {row.project} that use it stop working.",
                ],
                perform=perform,
                is_destructive=True,
            ),
        )


def _key_lines(row: IdentityProvider) -> list[str]:
    return [f"Key {key.get('kid', 'without an id')}: {key.get('alg') or key['kty']}." for key in row.jwks["keys"]]
