"""The stages of a review: what a tier takes, where a request stands in them, and who may still sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from governance.models import ApprovalRequest, Decision, RequestStage, ReviewRule, RiskTier, Verdict
from tenants.models import Membership, Role


@dataclass(frozen=True, slots=True)
class StageRule:
    """So many approvals by people who have one of these roles, within so many days after the stage before."""

    roles: tuple[Role, ...]
    needed: int = 1
    due_days: int = 3

    def as_json(self) -> dict[str, Any]:
        return {"roles": [role.value for role in self.roles], "needed": self.needed, "due_days": self.due_days}


_ONE_OFFICER = StageRule((Role.COMPLIANCE_OFFICER,))

# For organisations that have set no rule of their own. The database has the same, since it freezes the stages.
DEFAULTS: dict[RiskTier, tuple[StageRule, ...]] = {
    RiskTier.LOW: (_ONE_OFFICER,),
    RiskTier.MEDIUM: (_ONE_OFFICER,),
    RiskTier.HIGH: (_ONE_OFFICER, StageRule((Role.COMPLIANCE_OFFICER, Role.ADMINISTRATOR), needed=2)),
}

# How long an approval holds before it is recertified, where no rule says so. The database has the same.
RECERTIFY_DAYS: dict[RiskTier, int] = {RiskTier.LOW: 365, RiskTier.MEDIUM: 365, RiskTier.HIGH: 180}


@dataclass(frozen=True, slots=True)
class Standing:
    """A stage of the present revision with what has been signed in it. `is_open`: decisions are made in it now."""

    stage: RequestStage
    signed: tuple[Decision, ...]
    is_open: bool

    @property
    def missing(self) -> int:
        return max(self.stage.needed - len(self.signed), 0)

    @property
    def roles(self) -> list[str]:
        return [Role(role).label.lower() for role in self.stage.roles]

    @property
    def due_at(self) -> datetime:
        return self.stage.due_at

    def is_overdue(self, at: datetime) -> bool:
        return self.is_open and at > self.stage.due_at


def rule_in_force(tier: RiskTier) -> tuple[StageRule, ...]:
    """What a request of that tier takes if it is submitted now."""
    rule = ReviewRule.objects.filter(risk_tier=tier).order_by("-number").first()
    if rule is None:
        return DEFAULTS[tier]
    return tuple(
        StageRule(tuple(Role(role) for role in stage["roles"]), stage["needed"], stage["due_days"])
        for stage in rule.stages
    )


def recertify_days(tier: RiskTier) -> int:
    """How long an approval holds that is granted for that tier now."""
    newest = ReviewRule.objects.filter(risk_tier=tier).order_by("-number").first()
    return (newest and newest.recertify_days) or RECERTIFY_DAYS[tier]


def standings(request: ApprovalRequest) -> list[Standing]:
    """The stages of the present revision, in their order; none for a draft. Reads what may have been prefetched."""
    stages = sorted(
        (stage for stage in request.stages.all() if stage.revision == request.revision), key=lambda row: row.position
    )
    found, before_complete = [], request.is_open
    for stage in stages:
        signed = tuple(_signed_in(stage, request.decisions.all()))
        is_open = before_complete and len(signed) < stage.needed
        found.append(Standing(stage, signed, is_open))
        before_complete = before_complete and not is_open
    return found


def open_stage(request: ApprovalRequest) -> Standing | None:
    """The stage in which decisions are made now."""
    return next((standing for standing in standings(request) if standing.is_open), None)


def has_decided(request: ApprovalRequest, person_id: UUID) -> bool:
    """Whether the person, or somebody by their delegation, has decided on the present revision."""
    return any(
        person_id in (decision.decided_by_id, decision.decided_for_id)
        for decision in request.decisions.all()
        if decision.revision == request.revision
    )


def has_lowered(request: ApprovalRequest, person_id: UUID) -> bool:
    """Whether the person has put it into a lower tier, and it is lower still than it was: they do not decide then, or
    one person would make of many signatures their own."""
    return any(
        override.overridden_by_id == person_id and override.from_tier > max(override.risk_tier, request.risk_tier)
        for override in request.overrides.all()
    )


def is_bound(request: ApprovalRequest, person_id: UUID) -> bool:
    """Whether what the person did on it keeps them from deciding."""
    return has_decided(request, person_id) or has_lowered(request, person_id)


def reviewers(request: ApprovalRequest, stage: RequestStage) -> list[UUID]:
    """Those who may still sign in a stage in their own right, as far as whoever looks may see them."""
    held = Membership.objects.filter(role__in=stage.roles, user__is_active=True)
    binding = held.filter(Q(team__isnull=True) | Q(team_id__in=request.teams))
    people = dict.fromkeys(binding.values_list("user_id", flat=True))
    return [person for person in people if person != request.requested_by_id and not is_bound(request, person)]


def _signed_in(stage: RequestStage, decisions: Sequence[Decision] | Any) -> list[Decision]:
    return [each for each in decisions if each.stage_id == stage.id and each.verdict == Verdict.APPROVE]
