"""Shadow use: models that callers ask for and the register does not have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from audit.usage.unlisted import Unlisted, unlisted
from governance.models import Model, Route
from kit import clock, model_names
from tenants.models import ApiKey, IdentityProvider, Team

WINDOW = timedelta(days=30)
_MOST = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """`name` is empty for names that are not kept. Teams and callers have names as far as they may be seen."""

    name: str
    team_id: UUID | None
    team: str
    caller_id: UUID
    caller: str
    calls: int
    first_at: datetime
    last_at: datetime


def latest() -> list[Asked]:
    """Of the last 30 days, those asked for last first. What is listed by now is left out."""
    rows = unlisted(since=clock.now() - WINDOW, limit=_MOST)
    listed = _listed({row.name for row in rows if row.name})
    shown = [row for row in rows if row.name not in listed]
    teams = dict(Team.objects.filter(id__in={row.team_id for row in shown}).values_list("id", "name"))
    callers = _callers({row.caller_id for row in shown})
    return [_asked(row, teams, callers) for row in shown]


def _listed(names: set[str]) -> set[str]:
    models = Model.objects.filter(slug__in=names).values_list("slug", flat=True)
    routes = Route.objects.filter(slug__in=names).values_list("slug", flat=True)
    return {*models, *routes}


def _callers(ids: set[UUID]) -> dict[UUID, str]:
    keys = ApiKey.objects.filter(id__in=ids)
    return {row.id: row.name for rows in (keys, IdentityProvider.objects.filter(id__in=ids)) for row in rows}


def _asked(row: Unlisted, teams: dict[UUID, str], callers: dict[UUID, str]) -> Asked:
    name = row.name if row.name and model_names.plausible(row.name) else ""
    team = teams.get(row.team_id, "") if row.team_id else ""
    caller = callers.get(row.caller_id, "")
    return Asked(name, row.team_id, team, row.caller_id, caller, row.calls, row.first_at, row.last_at)
