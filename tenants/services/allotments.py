"""Budgets and rate limits of every level."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit.ledger.append import append_act
from kit.context import Actor
from tenants import permissions
from tenants.models import ApiKey, Budget, Period, Project, RateLimit, Team
from tenants.services.organizations import Limits


@dataclass(frozen=True, slots=True)
class Level:
    """Where a budget or limit binds. Empty: the whole organisation."""

    team: Team | None = None
    project: Project | None = None
    api_key: ApiKey | None = None

    @classmethod
    def of(cls, bound: Team | Project | ApiKey | None) -> Level:
        if isinstance(bound, ApiKey):
            return cls(bound.team, bound.project, bound)
        if isinstance(bound, Project):
            return cls(bound.team, bound)
        return cls(bound)


def add_budget(
    *,
    actor: Actor,
    name: str,
    limit_nano_usd: int,
    now: datetime,
    period: Period = Period.MONTH,
    level: Level = Level(),
) -> Budget:
    """A further ceiling on spend. Every budget of every level holds at once."""
    permissions.require(actor, "tenants.budget.manage")
    permissions.require_reach(actor, level.team.id if level.team else None)
    with transaction.atomic():
        budget = Budget(
            organization_id=actor.organization_id,
            team=level.team,
            project=level.project,
            api_key=level.api_key,
            name=name,
            limit_nano_usd=limit_nano_usd,
            period=period,
            created_at=now,
        )
        budget.full_clean()
        budget.save(force_insert=True)
        _record(actor, budget, "tenants.budget.added", {"limit_nano_usd": str(limit_nano_usd), "period": period})
    return budget


def change_budget(*, actor: Actor, budget: Budget, limit_nano_usd: int) -> Budget:
    """Raises or lowers a ceiling; what is spent and held stays."""
    permissions.require(actor, "tenants.budget.manage")
    permissions.require_reach(actor, budget.team_id)
    with transaction.atomic():
        locked = Budget.objects.select_for_update().get(id=budget.id)
        before, locked.limit_nano_usd = locked.limit_nano_usd, limit_nano_usd
        locked.full_clean()
        locked.save(update_fields=["limit_nano_usd"])
        _record(
            actor,
            locked,
            "tenants.budget.changed",
            {"before_nano_usd": str(before), "limit_nano_usd": str(limit_nano_usd)},
        )
    return locked


def set_limits(
    *,
    actor: Actor,
    limits: Limits,
    now: datetime,
    level: Level = Level(),
) -> RateLimit:
    """Sets a level's rate limits, in place of those it had."""
    permissions.require(actor, "tenants.budget.manage")
    permissions.require_reach(actor, level.team.id if level.team else None)
    with transaction.atomic():
        row, _ = RateLimit.objects.update_or_create(
            organization_id=actor.organization_id,
            team=level.team,
            project=level.project,
            api_key=level.api_key,
            defaults={
                "requests_per_minute": limits.requests_per_minute,
                "tokens_per_minute": limits.tokens_per_minute,
                "concurrency": limits.concurrency,
            },
            create_defaults={
                "requests_per_minute": limits.requests_per_minute,
                "tokens_per_minute": limits.tokens_per_minute,
                "concurrency": limits.concurrency,
                "created_at": now,
            },
        )
        _record(actor, row, "tenants.rate_limit.set", {"level": row.level})
    return row


def _record(actor: Actor, row: Budget | RateLimit, action: str, details: dict[str, str]) -> None:
    append_act(
        actor=actor,
        action=action,
        object_kind=row._meta.model_name or "",
        object_id=row.id,
        details=details,
    )
