"""A team made ready to call, in one act: its lead, first project and key, its budget and limits, and what it asks for.

A model that is approved for some teams only is asked for: others decide, as always. One that every team may call needs
no asking. All of it is made or none; each part has a record of its own, and one of the whole names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from audit.ledger.append import append_act
from governance import completeness, selectors
from governance.models import Approval, ApprovalRequest, Model, NoticeKind, RiskTier
from governance.services import approvals, notices
from governance.services.approvals.asking import OPEN
from kit import errors
from kit.context import Actor
from kit.data_class import DataClass
from kit.secrets import IssuedSecret
from tenants import permissions
from tenants.models import ApiKey, Budget, Membership, Organization, Project, RateLimit, Role, Team
from tenants.services import api_keys, organizations, people
from tenants.services.organizations import INHERIT, Limits, Unset

ACT = "tenants.team.manage"


@dataclass(frozen=True, slots=True)
class Named:
    """A team or a project: its name, and the short one that is in addresses."""

    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class Lead:
    """Who leads, by their address. `name` is that of somebody who is new."""

    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Allotment:
    """What the team may spend in a month, and how fast. The project has nothing of its own: the team's binds it."""

    monthly_budget_nano_usd: int | Unset | None = INHERIT
    limits: Limits | Unset | None = INHERIT


@dataclass(frozen=True, slots=True)
class Policy:
    """The most sensitive data that its key may send, and the models that are asked for, with the reason that officers
    decide by."""

    max_data_class: DataClass = DataClass.CONFIDENTIAL
    models: Sequence[Model] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is made."""

    team: Named
    lead: Lead
    project: Named
    allotment: Allotment = Allotment()
    policy: Policy = Policy()


@dataclass(frozen=True, slots=True)
class Issued:
    """What is shown once: the key's secret, and the first password of a lead who is new."""

    secret: str
    first_password: str | None


@dataclass(frozen=True, slots=True)
class Onboarded:
    """What there is of a team. `issued` is none where it was there before, and nothing was made."""

    team: Team
    leads: list[Membership]
    projects: list[Project]
    keys: list[ApiKey]
    budgets: list[Budget]
    limits: list[RateLimit]
    callable: list[Model]
    waiting: list[ApprovalRequest]
    issued: Issued | None = None


def onboard(*, actor: Actor, plan: Plan, now: datetime) -> Onboarded:
    """Makes the team with all that it needs. Where there is one of that short name, it says what that has, and makes
    nothing.

    Raises `errors.Conflict` for oneself as its lead and for a model that waits for a decision already;
    `errors.InvalidRequest` for a model that is not approved, or that is asked for without a reason; Django's
    `ValidationError`.
    """
    permissions.require(actor, ACT, otp=True)
    permissions.require_reach(actor, None)
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(id=actor.organization_id)
        if (found := Team.objects.filter(slug=plan.team.slug).first()) is not None:
            return what_there_is(found, now)
        team = _team(actor, plan, now)
        leading, first_password = people.admit(
            actor=actor, email=plan.lead.email, name=plan.lead.name, role=Role.TEAM_LEAD, team=team, now=now
        )
        key, issued = _key(actor, plan, team, now)
        asked = _ask(actor, team, plan.policy, now)
        _record(actor, team, leading, key, asked)
        _tell_lead(leading, team, now)
        return what_there_is(team, now, Issued(issued.text, first_password))


def to_ask_for(now: datetime) -> QuerySet[Approval]:
    """Approvals that admit some teams only, of models that wait for no decision: a new team may be asked in."""
    waits = ApprovalRequest.objects.filter(status__in=OPEN, model_id=OuterRef("model_id"))
    bound = selectors.live_approvals(now).exclude(teams=[]).exclude(Exists(waits))
    return bound.select_related("model").order_by("model__slug")


def what_there_is(team: Team, now: datetime, issued: Issued | None = None) -> Onboarded:
    """Of keys, those that are not revoked; of models, those whose approval admits the team."""
    admitting = selectors.live_approvals(now).filter(Q(teams=[]) | Q(teams__contains=[team.id]))
    waiting = ApprovalRequest.objects.filter(status__in=OPEN, teams__contains=[team.id])
    return Onboarded(
        team=team,
        leads=list(Membership.objects.filter(team=team, role=Role.TEAM_LEAD).select_related("user")),
        projects=list(Project.objects.filter(team=team).select_related("team")),
        keys=list(
            ApiKey.objects.filter(team=team, revoked_at__isnull=True)
            .select_related("project__team")
            .prefetch_related("secrets")
        ),
        budgets=list(Budget.objects.filter(team=team, is_active=True)),
        limits=list(RateLimit.objects.filter(team=team).select_related("team", "project__team", "api_key")),
        callable=list(Model.objects.filter(id__in=admitting.values("model_id"), suspended_at__isnull=True)),
        waiting=list(waiting.select_related("model").order_by("model__slug")),
        issued=issued,
    )


def _team(actor: Actor, plan: Plan, now: datetime) -> Team:
    return organizations.create_team(
        actor=actor,
        name=plan.team.name,
        slug=plan.team.slug,
        monthly_budget_nano_usd=plan.allotment.monthly_budget_nano_usd,
        limits=plan.allotment.limits,
        now=now,
    )


def _key(actor: Actor, plan: Plan, team: Team, now: datetime) -> tuple[ApiKey, IssuedSecret]:
    """Of its first project, and called like it."""
    project = organizations.create_project(
        actor=actor,
        team=team,
        name=plan.project.name,
        slug=plan.project.slug,
        monthly_budget_nano_usd=None,
        limits=None,
        now=now,
    )
    terms = api_keys.Terms(max_data_class=plan.policy.max_data_class)
    return api_keys.issue(actor=actor, project=project, name=plan.project.name, terms=terms, now=now)


def _ask(actor: Actor, team: Team, policy: Policy, now: datetime) -> list[ApprovalRequest]:
    """For those models that the team may not call as it is."""
    live = selectors.live_approvals(now).filter(model__in=policy.models).select_related("request")
    in_force = {approval.model_id: approval for approval in live}
    for model in policy.models:
        if model.id not in in_force:
            message = f"{model} is not approved for anybody: it is asked for by itself."
            raise errors.InvalidRequest(message, param="models")
    bound = [model for model in policy.models if in_force[model.id].teams]
    if bound and not policy.reason.strip():
        raise errors.InvalidRequest("Say what the models are needed for: officers decide by it.", param="reason")
    return [_ask_for(actor, model, policy.reason, _widened(in_force[model.id], team), now) for model in bound]


def _ask_for(actor: Actor, model: Model, reason: str, terms: approvals.Terms, now: datetime) -> ApprovalRequest:
    """A refusal says of which model it is."""
    try:
        return approvals.submit(actor=actor, model=model, justification=reason, terms=terms, now=now)
    except (errors.Conflict, errors.InvalidRequest) as refusal:
        raise type(refusal)(f"{model}: {refusal.message}", code=refusal.code, param="models") from refusal


def _widened(approval: Approval, team: Team) -> approvals.Terms:
    """The approval's conditions with one team more, resting on the same answers, and on its evidence as far as nobody
    has withdrawn it."""
    asked = approval.request
    return approvals.Terms(
        teams=[*approval.teams, team.id],
        use_cases=approval.use_cases,
        caller_regions=approval.caller_regions,
        regions=approval.regions,
        deployments=approval.deployments,
        max_data_class=DataClass(approval.max_data_class),
        expires_at=approval.expires_at,
        risk_tier=RiskTier(asked.risk_tier),
        evidence=[row.id for row in completeness.attached(asked) if row.withdrawn_at is None],
        answers=asked.answers,
    )


def _record(actor: Actor, team: Team, leading: Membership, key: ApiKey, asked: Sequence[ApprovalRequest]) -> None:
    append_act(
        actor=actor,
        action="governance.team.onboarded",
        object_kind="team",
        object_id=team.id,
        details={
            "slug": team.slug,
            "lead_id": str(leading.user_id),
            "project_id": str(key.project_id),
            "api_key_id": str(key.id),
            "request_ids": [str(request.id) for request in asked],
        },
    )


def _tell_lead(leading: Membership, team: Team, now: datetime) -> None:
    notices.tell(
        organization_id=team.organization_id,
        people=[leading.user_id],
        kind=NoticeKind.LEADING,
        subject_kind="team",
        subject_id=team.id,
        now=now,
    )
