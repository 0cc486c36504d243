"""Calls that are settled, without a gateway to make them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from audit.models import Settlement
from audit.usage.history import import_settlements
from kit import clock
from kit.ids import first_id_at, new_id
from tenants.models import ApiKey, Project, Team
from tests.support.world import World


def settled(world: World, model: str, *, team: Team, **terms: Any) -> Settlement:
    """One call of a team, at that moment if not just now."""
    [call] = settle_all([new_call(world, model, team=team, **terms)])
    return call


def settle_all(calls: list[Settlement]) -> list[Settlement]:
    import_settlements(calls, owner="migrator", system="system")
    return calls


def new_call(
    world: World,
    model: str,
    *,
    team: Team,
    project: Project | None = None,
    key: ApiKey | None = None,
    cost_nano_usd: int = 5,
    at: datetime | None = None,
    **more: Any,
) -> Settlement:
    """Not settled yet; `more` are columns of a settlement."""
    moment = at or clock.now()
    usual: dict[str, Any] = {
        "team_id": team.id,
        "outcome": "completed",
        "estimated": False,
        "input_tokens": 1,
        "cached_input_tokens": 0,
        "output_tokens": 1,
    }
    return Settlement(
        request_id=UUID(f"{first_id_at(at).hex[:13]}{new_id().hex[13:]}") if at else new_id(),
        organization_id=world.organization.id,
        project_id=project.id if project else None,
        api_key_id=key.id if key else None,
        outcome_record_id=new_id(),
        model=model,
        reasoning_tokens=0,
        cost_nano_usd=cost_nano_usd,
        held_nano_usd=cost_nano_usd,
        admitted_at=moment,
        settled_at=moment,
        budgets={},
        **usual | more,
    )
