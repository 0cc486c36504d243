"""Budgets and rate limits of every level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.db import transaction

from audit.ledger.append import append_act
from kit.context import Actor
from tenants import permissions
from tenants.models import ApiKey, AtStop, Budget, Each, Period, Project, RateLimit, Team
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


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Calls that a budget is for, of those at its level: by use case, model and tag. Empty: any."""

    use_case: str = ""
    model: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a budget does besides holding its limit. See the fields of `Budget`."""

    thresholds: Sequence[int] = (50, 80, 100)
    at_stop: str = AtStop.BLOCK
    downgrade_model: str = ""
    downgrade_at_percent: int = 100
    per_request_nano_usd: int | None = None
    expected_requests: int | None = None

    @classmethod
    def of(cls, row: Budget) -> Terms:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


def add_budget(
    *,
    actor: Actor,
    name: str,
    limit_nano_usd: int,
    now: datetime,
    period: Period = Period.MONTH,
    level: Level = Level(),
    each: Each | str = "",
    narrowed: Narrowed = Narrowed(),
    terms: Terms = Terms(),
) -> Budget:
    """A further ceiling on spend. Every budget of every level holds at once.

    With `each` it is an allowance of every team, project, key or end user within the level, those to come included.
    """
    permissions.require(actor, "tenants.budget.manage")
    permissions.require_reach(actor, level.team.id if level.team else None)
    with transaction.atomic():
        budget = Budget(
            organization_id=actor.organization_id,
            team=level.team,
            project=level.project,
            api_key=level.api_key,
            each=each,
            name=name,
            limit_nano_usd=limit_nano_usd,
            period=period,
            created_at=now,
            **asdict(narrowed),
            **_columns(terms),
        )
        budget.full_clean()
        budget.save(force_insert=True)
        details = {
            "limit_nano_usd": str(limit_nano_usd),
            "period": period,
            "each": each or None,
            "at_stop": terms.at_stop,
            "narrowed_by": [name for name, value in asdict(narrowed).items() if value],
        }
        _record(actor, budget, "tenants.budget.added", details)
    return budget


def change_budget(*, actor: Actor, budget: Budget, limit_nano_usd: int, terms: Terms | None = None) -> Budget:
    """Raises or lowers a ceiling and, where given, changes its terms; what is spent and held stays."""
    permissions.require(actor, "tenants.budget.manage")
    permissions.require_reach(actor, budget.team_id)
    with transaction.atomic():
        locked = Budget.objects.select_for_update(of=("self",)).get(id=budget.id)
        before = locked.limit_nano_usd
        wanted = {"limit_nano_usd": limit_nano_usd, **(_columns(terms) if terms else {})}
        changed = [name for name, value in wanted.items() if getattr(locked, name) != value]
        for name in changed:
            setattr(locked, name, wanted[name])
        locked.full_clean()
        locked.save(update_fields=["limit_nano_usd", *changed])
        details = {
            "before_nano_usd": str(before),
            "limit_nano_usd": str(limit_nano_usd),
            "changed": sorted(set(changed) - {"limit_nano_usd"}),
        }
        _record(actor, locked, "tenants.budget.changed", details)
    return locked


def _columns(terms: Terms) -> dict[str, Any]:
    return {**asdict(terms), "thresholds": sorted(set(terms.thresholds))}


def set_limits(
    *,
    actor: Actor,
    limits: Limits,
    now: datetime,
    level: Level = Level(),
    each: Each | str = "",
) -> RateLimit:
    """Sets a level's rate limits, in place of those it had; with `each`, those of all of them within the level.

    Of a level's own limits and those for "each" around it the narrowest counts, not all of them.
    """
    permissions.require(actor, "tenants.budget.manage")
    permissions.require_reach(actor, level.team.id if level.team else None)
    with transaction.atomic():
        where = {"team": level.team, "project": level.project, "api_key": level.api_key, "each": each}
        row = RateLimit.objects.select_for_update(of=("self",)).filter(**where).first()
        is_new = row is None
        row = row or RateLimit(organization_id=actor.organization_id, created_at=now, **where)
        for name, ceiling in asdict(limits).items():
            setattr(row, name, ceiling)
        row.full_clean()
        row.save(force_insert=is_new)
        _record(actor, row, "tenants.rate_limit.set", {"level": row.level, "each": row.each or None})
    return row


def _record(actor: Actor, row: Budget | RateLimit, action: str, details: dict[str, Any]) -> None:
    append_act(
        actor=actor,
        action=action,
        object_kind=row._meta.model_name or "",
        object_id=row.id,
        details=details,
    )
