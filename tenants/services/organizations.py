"""Founding organisations, and the teams and projects in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from audit.ledger.append import append_act
from kit import errors
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tenants import permissions
from tenants.models import Budget, Each, Organization, Period, Project, RateLimit, Team
from tenants.models.money import CEILINGS

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


class Unset(Enum):
    """`INHERIT` is the default; `None` is the explicit choice of no budget or limit."""

    INHERIT = "inherit"


INHERIT: Final = Unset.INHERIT


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings, by the columns of `RateLimit`. None is none."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    requests_per_hour: int | None = None
    requests_per_day: int | None = None
    input_tokens_per_minute: int | None = None
    input_tokens_per_hour: int | None = None
    input_tokens_per_day: int | None = None
    output_tokens_per_minute: int | None = None
    output_tokens_per_hour: int | None = None
    output_tokens_per_day: int | None = None
    tokens_per_hour: int | None = None
    tokens_per_day: int | None = None

    @classmethod
    def of(cls, named: Mapping[str, Any]) -> Limits:
        """Those among other values."""
        return cls(**{name: named[name] for name in CEILINGS if name in named})


@dataclass(frozen=True, slots=True)
class Defaults:
    """What new teams and projects of an organisation start with."""

    monthly_budget_nano_usd: int | None = None
    limits: Limits = Limits()


# What a new organisation begins with: for each team, for each end user, for all of it. Administrators change it.
SHIPPED_LIMITS: Mapping[str, Limits] = {
    Each.TEAM: Limits(requests_per_minute=100),
    Each.END_USER: Limits(requests_per_hour=1_000),
    "": Limits(requests_per_hour=50_000),
}


def found(
    *,
    name: str,
    slug: str,
    region: str,
    now: datetime,
    time_zone: str = "UTC",
    defaults: Defaults = Defaults(),
    limits: Mapping[str, Limits] = SHIPPED_LIMITS,
    organization_id: UUID | None = None,
) -> Organization:
    """A new organisation with nobody in it. Reached from commands only: no role may found a tenant.

    `limits` are those of the whole organisation, by whom each binds; `defaults` are copied to what is made in it.
    """
    identifier = organization_id or new_id()
    actor = Actor("system", identifier, identifier)
    with within(actor.scope):
        organization = Organization(
            id=identifier,
            name=name,
            slug=slug,
            region=region,
            time_zone=time_zone,
            default_monthly_budget_nano_usd=defaults.monthly_budget_nano_usd,
            default_requests_per_minute=defaults.limits.requests_per_minute,
            default_tokens_per_minute=defaults.limits.tokens_per_minute,
            default_concurrency=defaults.limits.concurrency,
            created_at=now,
        )
        organization.full_clean(exclude=["created_at"])
        organization.save(force_insert=True)
        for each, ceilings in limits.items():
            RateLimit.objects.create(organization=organization, each=each, created_at=now, **asdict(ceilings))
        append_act(
            actor=actor,
            action="tenants.organization.founded",
            object_kind="organization",
            object_id=identifier,
            details={"slug": slug, "region": region},
        )
    return organization


@dataclass(frozen=True, slots=True)
class Settings:
    """What an organisation's administrator may change of it. `cors_origins` are those of pages in browsers."""

    name: str
    time_zone: str
    cors_origins: Sequence[str]
    defaults: Defaults


def change(*, actor: Actor, organization: Organization, settings: Settings) -> Organization:
    """Changes the organisation's settings; the defaults bind teams and projects made from then on.

    Raises `errors.InvalidRequest` for an origin that is none.
    """
    permissions.require(actor, "tenants.organization.change", otp=True)
    permissions.require_reach(actor, None)
    for origin in settings.cors_origins:
        _check_origin(origin)
    with transaction.atomic():
        locked = Organization.objects.select_for_update().get(id=organization.id)
        changed = {name: value for name, value in _columns(settings).items() if getattr(locked, name) != value}
        if not changed:
            return locked
        for name, value in changed.items():
            setattr(locked, name, value)
        locked.full_clean(exclude=["created_at"])
        locked.save(update_fields=list(changed))
        append_act(
            actor=actor,
            action="tenants.organization.changed",
            object_kind="organization",
            object_id=locked.id,
            details={"changed": sorted(changed), "cors_origins": list(locked.cors_origins)},
        )
    return locked


def create_team(
    *,
    actor: Actor,
    name: str,
    slug: str,
    now: datetime,
    monthly_budget_nano_usd: int | Unset | None = INHERIT,
    limits: Limits | Unset | None = INHERIT,
) -> Team:
    """A new team, with the organisation's default budget and limits unless told otherwise."""
    permissions.require(actor, "tenants.team.manage")
    permissions.require_reach(actor, None)
    with transaction.atomic():
        team = Team(organization_id=actor.organization_id, name=name, slug=slug, created_at=now)
        team.full_clean(exclude=["created_at"])
        team.save(force_insert=True)
        _allot(team=team, project=None, budget=monthly_budget_nano_usd, limits=limits)
        append_act(
            actor=actor,
            action="tenants.team.created",
            object_kind="team",
            object_id=team.id,
            details={"slug": slug},
        )
    return team


def place_project(*, actor: Actor, project: Project, region: str) -> Project:
    """Says where an application runs, which approvals may depend on. Empty: where the organisation is at home."""
    permissions.require(actor, "tenants.organization.change", otp=True)
    permissions.require_reach(actor, None)
    with transaction.atomic():
        locked = Project.objects.select_for_update(of=("self",)).get(id=project.id)
        locked.region = region
        locked.full_clean(exclude=["created_at"])
        locked.save(update_fields=["region"])
        append_act(
            actor=actor,
            action="tenants.project.placed",
            object_kind="project",
            object_id=locked.id,
            details={"region": region or None},
        )
    return locked


def create_project(
    *,
    actor: Actor,
    team: Team,
    name: str,
    slug: str,
    now: datetime,
    monthly_budget_nano_usd: int | Unset | None = INHERIT,
    limits: Limits | Unset | None = INHERIT,
) -> Project:
    """A new project of a team, with the organisation's default budget and limits unless told otherwise."""
    permissions.require(actor, "tenants.project.manage")
    permissions.require_reach(actor, team.id)
    with transaction.atomic():
        project = Project(organization_id=actor.organization_id, team=team, name=name, slug=slug, created_at=now)
        project.full_clean(exclude=["created_at"])
        project.save(force_insert=True)
        _allot(team=team, project=project, budget=monthly_budget_nano_usd, limits=limits)
        append_act(
            actor=actor,
            action="tenants.project.created",
            object_kind="project",
            object_id=project.id,
            details={"slug": slug, "team_id": str(team.id)},
        )
    return project


def _columns(settings: Settings) -> dict[str, Any]:
    limits = settings.defaults.limits
    return {
        "name": settings.name,
        "time_zone": settings.time_zone,
        "cors_origins": list(settings.cors_origins),
        "default_monthly_budget_nano_usd": settings.defaults.monthly_budget_nano_usd,
        "default_requests_per_minute": limits.requests_per_minute,
        "default_tokens_per_minute": limits.tokens_per_minute,
        "default_concurrency": limits.concurrency,
    }


def _check_origin(origin: str) -> None:
    """As browsers send it (RFC 6454, section 7): scheme, host and port, and nothing after them."""
    if not _ORIGIN.fullmatch(origin):
        raise errors.InvalidRequest(
            f"{origin!r} is not an origin such as https://app.example.com.", param="cors_origins"
        )


def _allot(*, team: Team, project: Project | None, budget: int | Unset | None, limits: Limits | Unset | None) -> None:
    organization = Organization.objects.get(id=team.organization_id)
    amount = organization.default_monthly_budget_nano_usd if budget is INHERIT else budget
    if limits is INHERIT:
        limits = Limits(
            organization.default_requests_per_minute,
            organization.default_tokens_per_minute,
            organization.default_concurrency,
        )
    if amount is not None:
        Budget.objects.create(
            organization=organization,
            team=team,
            project=project,
            name=f"{project or team} monthly",
            limit_nano_usd=amount,
            period=Period.MONTH,
        )
    if limits is not None and limits != Limits():
        RateLimit.objects.create(organization=organization, team=team, project=project, **asdict(limits))
