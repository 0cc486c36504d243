"""What the admin of everything suspendable has in common."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from governance.models.catalogue import Suspendable
from governance.services import suspensions
from governance.services.suspensions import Subject
from kit import clock
from tenants.acting import actor_of
from tenants.admin.base import Act, GovernedAdmin, act, label

Row = TypeVar("Row", bound=Suspendable)

STATES = {"in service": "success", "suspended": "danger"}


class SuspensionForm(forms.Form):
    reason = forms.CharField(
        max_length=4000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept, and shown to whoever may suspend and resume.",
    )
    cuts_calls = forms.BooleanField(required=False, label="End calls that run, too", widget=UnfoldBooleanSwitchWidget)


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=4000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


class SuspendableAdmin(GovernedAdmin[Row]):
    """Suspending stops every call through the row; resuming asks for a one-time password."""

    change_act = "governance.model.suspend"
    actions_detail: ClassVar[Any] = ["suspend", "resume"]

    @label("State", STATES, ordering="suspended_at")
    def state(self, row: Row) -> str:
        return "suspended" if row.is_suspended else "in service"

    def unfit(self, row: Row) -> set[str]:
        return {"suspend"} if row.is_suspended else {"resume"}

    @act(description="Suspend", icon="pause_circle", destructive=True)
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: Row, entered: dict[str, Any]) -> str:
            suspensions.suspend(actor=actor_of(request), subject=subject(row), now=clock.now(), **entered)
            return f"{row} is suspended."

        return self.confirm(
            request,
            object_id,
            Act(
                title=f"Suspend a {self.opts.verbose_name}",
                button="Suspend",
                consequences=lambda row: [
                    f"Every call to {row} is refused or goes to a fallback, on every worker within a second.",
                    "Calls that run go on to their end unless you end them. Resuming needs a one-time password.",
                ],
                perform=perform,
                form_class=SuspensionForm,
                is_destructive=True,
            ),
        )

    @act(description="Resume", icon="play_circle")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def perform(row: Row, entered: dict[str, Any]) -> str:
            suspensions.resume(actor=actor_of(request), subject=subject(row), now=clock.now(), **entered)
            return f"{row} is back in service."

        return self.confirm(
            request,
            object_id,
            Act(
                title=f"Resume a {self.opts.verbose_name}",
                button="Resume",
                consequences=lambda row: [f"Calls may use {row} again where an approval in force covers them."],
                perform=perform,
                form_class=ReasonForm,
            ),
        )


def subject(row: Suspendable) -> Subject:
    """The row as what it is: a provider, model or deployment."""
    assert isinstance(row, Subject)
    return row
