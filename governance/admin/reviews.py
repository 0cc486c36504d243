"""What it takes to approve, and who decides in whose place: lists to look things up in."""

from __future__ import annotations

from django.contrib import admin

from governance.models import Delegation, ReviewRule
from kit import clock
from tenants.admin.base import GovernedAdmin, label
from tenants.models import Role
from tenants.selectors import names_of


@admin.register(ReviewRule)
class ReviewRuleAdmin(GovernedAdmin[ReviewRule]):
    purpose = "The stages that requests of a risk tier pass. The highest number holds; without any, the shipped rule."
    list_display = ["risk_tier", "number", "stages_shown", "setter", "set_at"]
    list_filter = ["risk_tier"]
    fields = ["risk_tier", "number", "stages_shown", "setter", "set_at"]
    readonly_fields = ["stages_shown", "setter"]

    @admin.display(description="Stages")
    def stages_shown(self, row: ReviewRule) -> str:
        return "; then ".join(
            f"{stage['needed']} of {' or '.join(Role(role).label.lower() for role in stage['roles'])}"
            for stage in row.stages
        )

    @admin.display(description="Set by")
    def setter(self, row: ReviewRule) -> str:
        return names_of([row.set_by_id])[row.set_by_id]


@admin.register(Delegation)
class DelegationAdmin(GovernedAdmin[Delegation]):
    purpose = "Who may decide in whose place. Nobody decides so on what the other one asks for."
    list_display = ["from_whom", "to_whom", "state", "starts_at", "ends_at"]
    fields = ["from_whom", "to_whom", "starts_at", "ends_at"]
    readonly_fields = ["from_whom", "to_whom"]

    @admin.display(description="In place of")
    def from_whom(self, row: Delegation) -> str:
        return names_of([row.delegator_id])[row.delegator_id]

    @admin.display(description="Decides")
    def to_whom(self, row: Delegation) -> str:
        return names_of([row.delegate_id])[row.delegate_id]

    @label("State", {"in force": "success", "ended": "info", "to come": "info"})
    def state(self, row: Delegation) -> str:
        now = clock.now()
        if row.is_live(now):
            return "in force"
        return "to come" if now < row.starts_at else "ended"
