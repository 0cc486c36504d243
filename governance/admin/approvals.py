"""Permissions in force, and the requests they came from. Deciding has a screen of its own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from governance import selectors
from governance.admin.base import ReasonForm, SuspensionForm
from governance.approval_state import in_state, state_of
from governance.comparison import ANY_DEPLOYMENT
from governance.models import Approval, ApprovalRequest, ApprovalState, Deployment, UseCase
from governance.services import suspensions
from kit import clock
from kit.data_class import DataClass
from tenants.acting import actor_of
from tenants.admin.base import Act, GovernedAdmin, act, label
from tenants.models import Team
from tenants.selectors import GONE, name_of

_STATES = {
    "In force": "success",
    "Expires soon": "warning",
    "Recertification due": "warning",
    "Recertification overdue": "danger",
    "Expired": "danger",
    "Suspended": "danger",
    "Superseded or withdrawn": "info",
}
_STATUSES = {
    "Submitted": "info",
    "In review": "info",
    "Changes requested": "warning",
    "Approved": "success",
    "Rejected": "danger",
    "Withdrawn": "warning",
}


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(GovernedAdmin[ApprovalRequest]):
    """A list to search in; a row opens the decision page."""

    purpose = "Everything that was asked for, decided or not. A row opens its decision page."
    list_display = ["model", "status_shown", "risk_tier", "data_class", "requester", "requested_at"]
    list_filter = ["status", "risk_tier", "max_data_class"]
    list_select_related = ["model"]
    search_fields = ["model__slug", "justification"]

    @label("Status", _STATUSES, ordering="status")
    def status_shown(self, row: ApprovalRequest) -> str:
        return row.get_status_display()

    @admin.display(description="Data class, at most", ordering="max_data_class")
    def data_class(self, row: ApprovalRequest) -> str:
        return DataClass(row.max_data_class).label

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApprovalRequest]:
        return super().get_queryset(request).annotate(requester_name=name_of("requested_by_id"))

    @admin.display(description="Requester", ordering="requester_name")
    def requester(self, row: ApprovalRequest) -> str:
        return row.requester_name or GONE  # type: ignore[attr-defined]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("approval", args=[object_id]))


class StateFilter(admin.SimpleListFilter):
    """How they stand now."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return ApprovalState.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Approval]) -> QuerySet[Approval]:
        state = self.value()
        return queryset.filter(in_state(ApprovalState(state), clock.now())) if state else queryset


@admin.register(Approval)
class ApprovalAdmin(GovernedAdmin[Approval]):
    purpose = "The permissions that calls run under, with those that have ended."
    change_act = "governance.model.suspend"
    list_display = ["model", "state", "data_class", "region_names", "team_names", "granted_at", "recertify_by"]
    list_filter = [StateFilter, "max_data_class"]
    list_select_related = ["model"]
    search_fields = ["model__slug"]
    fields = [
        "model",
        "state",
        "data_class",
        "team_names",
        "use_case_names",
        "caller_region_names",
        "region_names",
        "deployment_names",
        "granted_at",
        "recertify_by",
        "expires_at",
        "request",
        "ended_at",
    ]
    readonly_fields = [
        "state",
        "data_class",
        "team_names",
        "use_case_names",
        "caller_region_names",
        "region_names",
        "deployment_names",
    ]
    actions_detail = ["renew", "ask_for_a_waiver", "suspend", "resume"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        """With the names of what its conditions name, as far as whoever looks may see it."""
        return (
            super()
            .get_queryset(request)
            .annotate(
                teams_named=selectors.named_in(Team.objects.all(), "teams", "name"),
                use_cases_named=selectors.named_in(UseCase.objects.all(), "use_cases", "slug"),
            )
        )

    @label("State", _STATES)
    def state(self, row: Approval) -> str:
        return str(state_of(row, clock.now()).label)

    @admin.display(description="Data class, at most", ordering="max_data_class")
    def data_class(self, row: Approval) -> str:
        return DataClass(row.max_data_class).label

    @admin.display(description="Teams")
    def team_names(self, row: Approval) -> str:
        found = row.teams_named if row.teams else ["all"]  # type: ignore[attr-defined]
        return ", ".join(found) or "others than yours"

    @admin.display(description="Use cases")
    def use_case_names(self, row: Approval) -> str:
        found = row.use_cases_named if row.use_cases else ["any"]  # type: ignore[attr-defined]
        return ", ".join(found) or "others than yours"

    @admin.display(description="Regions of callers")
    def caller_region_names(self, row: Approval) -> str:
        return ", ".join(row.caller_regions) or "any"

    @admin.display(description="Regions")
    def region_names(self, row: Approval) -> str:
        return ", ".join(row.regions) or "any"

    @admin.display(description="Deployments")
    def deployment_names(self, row: Approval) -> str:
        if not row.deployments:
            return ANY_DEPLOYMENT
        named = Deployment.objects.filter(id__in=row.deployments).select_related("provider")
        return ", ".join(deployment.place for deployment in named)

    def unfit(self, row: Approval) -> set[str]:
        if row.ended_at:
            return {"renew", "ask_for_a_waiver", "suspend", "resume"}
        return {"suspend"} if row.suspended_at else {"resume"}

    def has_asking_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).may("governance.approval.request")

    @act(description="Renew", permission="asking", icon="autorenew")
    def renew(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks for another term; the form begins with the conditions in force."""
        row = self.get_object(request, object_id)
        asked = {"model": str(row.model_id), "renews": str(row.id)} if row else {}
        return HttpResponseRedirect(f"{reverse('approval-ask')}?{urlencode(asked)}")

    @act(description="Ask for a waiver", permission="asking", icon="edit_off")
    def ask_for_a_waiver(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Of one of its conditions, for one use case."""
        return HttpResponseRedirect(f"{reverse('waiver-ask')}?{urlencode({'approval': object_id})}")

    @act(description="Suspend", icon="pause_circle", destructive=True)
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: Approval, entered: dict[str, Any]) -> str:
            suspensions.suspend(actor=actor_of(request), subject=row, now=clock.now(), **entered)
            return f"The permission for {row.model} is suspended."

        return self.confirm(
            request,
            object_id,
            Act(
                title="Suspend a permission",
                button="Suspend",
                consequences=lambda row: [
                    f"Every call to {row.model} under this permission is refused, on every worker within a second.",
                    "The register entry stays. Resuming takes a compliance officer with a one-time password.",
                ],
                perform=perform,
                form_class=SuspensionForm,
                is_destructive=True,
            ),
        )

    @act(description="Resume", permission="deciding", icon="play_circle")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: Approval, entered: dict[str, Any]) -> str:
            suspensions.resume(actor=actor_of(request), subject=row, now=clock.now(), **entered)
            return f"The permission for {row.model} is in force again."

        return self.confirm(
            request,
            object_id,
            Act(
                title="Resume a permission",
                button="Resume",
                consequences=lambda row: [f"Calls to {row.model} run again under the conditions that were approved."],
                perform=perform,
                form_class=ReasonForm,
            ),
        )

    def has_deciding_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).may("governance.approval.decide")
