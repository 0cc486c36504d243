"""People and the roles they hold."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from kit import clock
from tenants.acting import actor_of
from tenants.admin.base import Act, GovernedAdmin, GovernedForm, Secret, act
from tenants.models import Membership, Role
from tenants.services import people

_OF_A_TEAM = (Role.TEAM_LEAD, Role.DEVELOPER, Role.READ_ONLY)


class AdmissionForm(GovernedForm):
    """By address: the person may be of another organisation already, and is the same person then."""

    email = forms.EmailField(label="E-mail", widget=UnfoldAdminTextInputWidget)
    person_name = forms.CharField(label="Name", max_length=200, widget=UnfoldAdminTextInputWidget)
    role = forms.ChoiceField(  # with nothing chosen yet, or whoever overlooks it makes an administrator
        choices=[("", "choose"), *Role.choices],
        widget=UnfoldAdminSelectWidget,
        help_text="Team leads, developers and readers are that in a team.",
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.cleaned_data.get("role") in _OF_A_TEAM and not self.cleaned_data.get("team"):
            self.add_error("team", "This role is held in a team.")
        return cleaned


@admin.register(Membership)
class MembershipAdmin(GovernedAdmin[Membership]):
    purpose = "Who may do what: a role in the organisation, or in one team of it."
    form = AdmissionForm
    can_enter = True
    change_act = "tenants.member.manage"
    list_display = ["person", "email", "role", "team", "created_at"]
    list_filter = ["role", "team"]
    list_select_related = ["user", "team"]
    search_fields = ["user__name", "user__email"]
    fields = ["person", "email", "role", "team", "created_at"]
    add_fieldsets = [(None, {"fields": ["email", "person_name", "role", "team"]})]
    actions_detail = ["end"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["person", "email", "created_at"] if obj else []

    @admin.display(description="Name", ordering="user__name")
    def person(self, row: Membership) -> str:
        return row.user.name

    @admin.display(description="E-mail", ordering="user__email")
    def email(self, row: Membership) -> str:
        return row.user.email

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Membership:
        membership, password = people.admit(
            actor=actor_of(request),
            email=entered["email"],
            name=entered["person_name"],
            role=Role(entered["role"]),
            team=entered["team"],
            now=clock.now(),
        )
        request.first_password = password  # type: ignore[attr-defined]
        return membership

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        password: str | None = getattr(request, "first_password", None)
        if password is None:
            return super().response_add(request, obj, post_url_continue)
        secret = Secret(
            title=f"{obj.user.name} can sign in",
            text=password,
            explanation="The first password. Pass it on in person or by another channel; it is not shown again.",
            rows=[("E-mail", obj.user.email), ("Role", obj.get_role_display())],
        )
        return self.show_once(request, obj, secret)

    @act(description="End this membership", icon="person_remove", destructive=True)
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: Membership, _: dict[str, Any]) -> HttpResponse:
            people.end_membership(actor=actor_of(request), membership=row)
            return HttpResponseRedirect(reverse("admin:tenants_membership_changelist"))

        return self.confirm(
            request,
            object_id,
            Act(
                title="End a membership",
                button="End it",
                consequences=lambda row: [
                    f"{row.user.name} is no longer {row.get_role_display().lower()} here, from the next page on.",
                    "What they did stays in the ledger. Access tokens of theirs stop working with the last role.",
                ],
                perform=perform,
                is_destructive=True,
            ),
        )
