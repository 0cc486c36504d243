"""Calls that are settled, without a gateway to make them."""

from __future__ import annotations

from datetime import datetime

from audit.models import Settlement
from audit.usage.history import import_settlements
from kit import clock
from kit.ids import first_id_at, new_id
from tenants.models import ApiKey, Project, Team
from tests.support.world import World


def settled(
    world: World,
    model: str,
    *,
    team: Team,
    project: Project | None = None,
    key: ApiKey | None = None,
    cost_nano_usd: int = 5,
    at: datetime | None = None,
) -> Settlement:
    """One call of a team, at that moment if not just now."""
    moment = at or clock.now()
    call = Settlement(
        request_id=first_id_at(at) if at else new_id(),
        organization_id=world.organization.id,
        team_id=team.id,
        project_id=project.id if project else None,
        api_key_id=key.id if key else None,
        outcome_record_id=new_id(),
        model=model,
        outcome="completed",
        estimated=False,
        input_tokens=1,
        cached_input_tokens=0,
        output_tokens=1,
        reasoning_tokens=0,
        cost_nano_usd=cost_nano_usd,
        held_nano_usd=cost_nano_usd,
        admitted_at=moment,
        settled_at=moment,
        budgets={},
    )
    import_settlements([call], owner="migrator", system="system")
    return call
