"""API keys: issue, rotate, revoke."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminIntegerFieldWidget

from kit import clock
from kit.data_class import DataClass
from kit.secrets import IssuedSecret
from tenants.acting import actor_of
from tenants.admin.base import Act, GovernedAdmin, GovernedForm, Secret, act, label
from tenants.admin.fields import LinesField
from tenants.admin.filters import ProjectFilter
from tenants.models import ApiKey, Scope
from tenants.models.keys import default_scopes
from tenants.services import api_keys
from tenants.services.api_keys import Terms
from tenants.snippets import snippets

_STATES = {"live": "success", "suspended": "danger", "expired": "warning", "revoked": "danger"}


class IssueForm(GovernedForm):
    """What a key may be used for. Its project decides the team, budgets and limits."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, initial=default_scopes, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    networks = LinesField(
        required=False, help_text="Networks in CIDR form, one a line. Empty: it may be used from anywhere."
    )


class RotationForm(forms.Form):
    overlap_hours = forms.IntegerField(
        label="Hours for which the present secret stays good",
        min_value=0,
        max_value=24 * 30,
        initial=24,
        widget=UnfoldAdminIntegerFieldWidget,
    )


@admin.register(ApiKey)
class ApiKeyAdmin(GovernedAdmin[ApiKey]):
    purpose = "What applications call the gateway with. The secret of a key is shown once."
    form = IssueForm
    can_enter = True
    change_act = "tenants.api_key.manage"
    list_display = ["name", "prefix", "project", "state", "data_class", "last_seen", "expires_at"]
    list_filter = ["team", ("project", ProjectFilter), ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["project__team"]
    search_fields = ["name", "prefix", "project__name"]
    ordering = ["-id"]  # by when they were made; the lists of other forms page through them too
    fields = [
        "name",
        "prefix",
        "state",
        "project",
        "scope_names",
        "networks",
        "data_class",
        "expires_at",
        "created_at",
        "secrets",
    ]
    readonly_fields = ["state", "scope_names", "data_class", "secrets"]
    add_fieldsets = [
        (None, {"fields": ["project", "name"]}),
        ("What it may be used for", {"fields": ["scopes", "max_data_class", "networks", "expires_at"]}),
    ]
    actions_detail = ["rotate", "revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).annotate(seen_at=Max("secrets__last_seen_at"))

    @label("State", _STATES)
    def state(self, row: ApiKey) -> str:
        if row.revoked_at:
            return "revoked"
        if row.suspended_at:
            return "suspended"
        return "live" if row.is_live(clock.now()) else "expired"

    @admin.display(description="Data class, at most", ordering="max_data_class")
    def data_class(self, row: ApiKey) -> str:
        return DataClass(row.max_data_class).label

    @admin.display(description="Scopes")
    def scope_names(self, row: ApiKey) -> str:
        return ", ".join(label for value, label in Scope.choices if value in row.scopes)

    @admin.display(description="Last used", ordering="seen_at", empty_value="never")
    def last_seen(self, row: ApiKey) -> Any:
        return row.seen_at  # type: ignore[attr-defined]

    @admin.display(description="Secrets")
    def secrets(self, row: ApiKey) -> str:
        return format_html_join("", "<p>{}</p>", ((line,) for line in _secret_lines(row)))

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> ApiKey:
        terms = Terms(
            scopes=entered["scopes"],
            networks=entered["networks"],
            max_data_class=DataClass(entered["max_data_class"]),
            expires_at=entered["expires_at"],
        )
        key, issued = api_keys.issue(
            actor=actor_of(request), project=entered["project"], name=entered["name"], now=clock.now(), terms=terms
        )
        request.issued = issued  # type: ignore[attr-defined]
        return key

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        issued: IssuedSecret = request.issued  # type: ignore[attr-defined]
        return self.show_once(request, obj, _shown(request, obj, issued))

    def unfit(self, row: ApiKey) -> set[str]:
        return {"rotate", "revoke"} if row.revoked_at else set()

    @act(description="Rotate", icon="autorenew")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: ApiKey, entered: dict[str, Any]) -> HttpResponse:
            overlap = timedelta(hours=entered["overlap_hours"])
            issued = api_keys.rotate(actor=actor_of(request), key=row, now=clock.now(), overlap=overlap)
            return self.show_once(request, row, _shown(request, row, issued))

        return self.confirm(
            request,
            object_id,
            Act(
                title="Rotate an API key",
                button="Make a new secret",
                consequences=lambda row: [
                    "A further secret is made and shown once. Prefix, project, budgets and limits stay.",
                    "The present secret stays good for the hours given, so that applications can change over.",
                    *_secret_lines(row),
                ],
                perform=perform,
                form_class=RotationForm,
            ),
        )

    @act(description="Revoke", icon="block", destructive=True)
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: ApiKey, _: dict[str, Any]) -> str:
            api_keys.revoke(actor=actor_of(request), key=row, now=clock.now())
            return f"{row.name} is revoked."

        return self.confirm(
            request,
            object_id,
            Act(
                title="Revoke an API key",
                button="Revoke for good",
                consequences=lambda row: [
                    f"Every call with {row.prefix} is refused, on every worker within a second. It cannot be undone.",
                    f"Applications of {row.project} that use it stop working.",
                    *_secret_lines(row),
                ],
                perform=perform,
                is_destructive=True,
            ),
        )


def _secret_lines(row: ApiKey) -> list[str]:
    lines = []
    for secret in row.secrets.all():
        seen = f"last used {secret.last_seen_at:%d %b %Y %H:%M} UTC" if secret.last_seen_at else "never used"
        end = f", good until {secret.expires_at:%d %b %Y %H:%M} UTC" if secret.expires_at else ""
        lines.append(f"Secret of {secret.created_at:%d %b %Y}: {seen}{end}.")
    return lines


def _shown(request: HttpRequest, row: ApiKey, issued: IssuedSecret) -> Secret:
    base = request.build_absolute_uri("/v1")
    return Secret(
        title=f"The secret of {row.name}",
        text=issued.text,
        explanation="Copy it now. Only a digest is kept, so nobody can show it again.",
        rows=[("Project", str(row.project)), ("Prefix", row.prefix), ("Address", base)],
        snippets=snippets(base, issued.text),
        test_address="/v1/models",
    )
