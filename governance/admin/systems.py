"""AI that does not run through the gateway."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.widgets import UnfoldBooleanSwitchWidget

from governance import selectors
from governance.admin.similar import IS_ANOTHER, require_another
from governance.models import OtherSystem
from governance.services import systems
from kit import clock
from tenants.acting import actor_of
from tenants.admin.base import Act, GovernedAdmin, GovernedForm, act, label
from tenants.models import Membership, User
from tenants.selectors import GONE, name_of

_STATES = {"in use": "success", "review due": "warning", "retired": "info"}


class SystemForm(GovernedForm):
    is_another = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget, **IS_ANOTHER)


@admin.register(OtherSystem)
class OtherSystemAdmin(GovernedAdmin[OtherSystem]):
    purpose = "AI that does not run through the gateway: assistants, features of vendors. It is listed and not stopped."
    form = SystemForm
    can_enter = can_amend = True
    change_act = "governance.register.manage"
    list_display = ["name", "vendor", "ai_act_class", "max_data_class", "owner_name", "review_on", "state"]
    list_filter = ["ai_act_class", "max_data_class", ("retired_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "vendor", "purpose"]
    readonly_fields = ["state", "created_at", "retired_at"]
    facts = ["name", "vendor", "purpose", "owner", "ai_act_class", "max_data_class", "review_on"]
    add_fieldsets = [(None, {"fields": [*facts, "is_another"]})]
    fieldsets = [(None, {"fields": [*facts, "state", "created_at", "retired_at"]})]
    actions_detail = ["retire"]

    @label("State", _STATES, ordering="retired_at")
    def state(self, row: OtherSystem) -> str:
        if row.retired_at is not None:
            return "retired"
        return "review due" if _is_due(row.review_on) else "in use"

    def get_queryset(self, request: HttpRequest) -> QuerySet[OtherSystem]:
        return super().get_queryset(request).annotate(owned_by=name_of("owner_id"))

    @admin.display(description="Owner", ordering="owned_by")
    def owner_name(self, row: OtherSystem) -> str:
        return row.owned_by or GONE  # type: ignore[attr-defined]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """People of the organisation; row-level security hides the others."""
        kwargs["queryset"] = User.objects.filter(id__in=Membership.objects.values("user_id"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_over = obj is not None and obj.retired_at is not None
        return super().has_change_permission(request, obj) and not is_over

    def unfit(self, row: OtherSystem) -> set[str]:
        return {"retire"} if row.retired_at else set()

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> OtherSystem:
        is_another, facts = entered.pop("is_another"), _facts(entered)
        new = systems.new(actor_of(request), clock.now(), facts)
        require_another(is_another, selectors.similar_systems(new))
        return systems.register(actor=actor_of(request), now=clock.now(), **facts)

    def amend(self, request: HttpRequest, row: OtherSystem, entered: dict[str, Any]) -> OtherSystem:
        return systems.change(actor=actor_of(request), system=row, **_facts(entered))

    @act(description="Retire", icon="archive", destructive=True)
    def retire(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: OtherSystem, entered: dict[str, Any]) -> str:
            systems.retire(actor=actor_of(request), system=row, now=clock.now())
            return f"{row} is retired."

        return self.confirm(
            request,
            object_id,
            Act(
                title="Retire a system",
                button="Retire",
                consequences=lambda row: [f"{row} is listed as used no more, and changes no more."],
                perform=perform,
                is_destructive=True,
            ),
        )


def _facts(entered: dict[str, Any]) -> dict[str, Any]:
    facts = {name: value for name, value in entered.items() if name in (*systems.FACTS, "owner")}
    facts["owner_id"] = facts.pop("owner").id
    return facts


def _is_due(on: date | None) -> bool:
    return on is not None and on <= timezone.localdate(clock.now())
