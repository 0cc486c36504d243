"""What models are called for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from governance.models import AiActClass, UseCase
from governance.services import use_cases
from governance.services.use_cases import Description
from kit import clock
from tenants.acting import actor_of
from tenants.admin.base import Act, GovernedAdmin, act, label
from tenants.models import Membership, User
from tenants.selectors import GONE, name_of

_STATES = {"in service": "success", "prohibited": "danger", "retired": "info"}
_DESCRIBED = ["name", "purpose", "ai_act_class", "decides_about_persons", "owner"]


@admin.register(UseCase)
class UseCaseAdmin(GovernedAdmin[UseCase]):
    purpose = (
        "What models are called for. Callers name one, and approvals may be bound to some. A prohibited one never runs."
    )
    can_enter = can_amend = True
    change_act = use_cases.MANAGE
    list_display = ["slug", "name", "ai_act_class", "decides_about_persons", "team", "owner_name", "state"]
    list_filter = ["ai_act_class", "decides_about_persons", "team", ("retired_at", admin.EmptyFieldListFilter)]
    list_select_related = ["team"]
    search_fields = ["slug", "name", "purpose"]
    add_fieldsets = [(None, {"fields": ["slug", "team", *_DESCRIBED]})]
    fields = ["slug", "team", *_DESCRIBED, "state", "created_at"]
    actions_detail = ["retire"]

    def get_readonly_fields(self, request: HttpRequest, obj: UseCase | None = None) -> list[str]:
        return ["slug", "team", "state", "created_at"] if obj else []

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any]:
        if db_field.name == "owner":
            kwargs["queryset"] = _members()
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        assert field is not None
        return field

    def has_change_permission(self, request: HttpRequest, obj: UseCase | None = None) -> bool:
        return (obj is None or obj.retired_at is None) and super().has_change_permission(request, obj)

    @label("State", _STATES)
    def state(self, row: UseCase) -> str:
        if row.retired_at:
            return "retired"
        return "in service" if row.is_in_service else "prohibited"

    def get_queryset(self, request: HttpRequest) -> QuerySet[UseCase]:
        return super().get_queryset(request).annotate(owned_by=name_of("owner_id"))

    @admin.display(description="Owner", ordering="owned_by")
    def owner_name(self, row: UseCase) -> str:
        return row.owned_by or GONE  # type: ignore[attr-defined]

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> UseCase:
        return use_cases.register(
            actor=actor_of(request),
            slug=entered["slug"],
            team=entered["team"],
            described=_described(entered),
            now=clock.now(),
        )

    def amend(self, request: HttpRequest, row: UseCase, entered: dict[str, Any]) -> UseCase:
        return use_cases.change(actor=actor_of(request), use_case=row, described=_described(entered))

    def unfit(self, row: UseCase) -> set[str]:
        return {"retire"} if row.retired_at else set()

    @act(description="Retire", icon="do_not_disturb_on", destructive=True)
    def retire(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: UseCase, entered: dict[str, Any]) -> str:
            use_cases.retire(actor=actor_of(request), use_case=row, now=clock.now())
            return f"{row} is retired."

        return self.confirm(
            request,
            object_id,
            Act(
                title="Retire a use case",
                button="Retire",
                consequences=lambda row: [
                    f"Every call that names {row} is refused, on every worker within a second.",
                    "It does not come back, and no other takes its name.",
                ],
                perform=perform,
                is_destructive=True,
            ),
        )


def _members() -> QuerySet[User]:
    return User.objects.filter(is_active=True, id__in=Membership.objects.values("user_id"))


def _described(entered: dict[str, Any]) -> Description:
    return Description(
        name=entered["name"],
        purpose=entered["purpose"],
        ai_act_class=AiActClass(entered["ai_act_class"]),
        owner_id=entered["owner"].id,
        decides_about_persons=entered["decides_about_persons"],
    )
