"""Requests as a table to take away: what the list shows, of all that fit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from audit.selectors import RequestFilter
from kit import money
from portal import readings
from portal.export import Cell, Table
from portal.readings import STATUSES, Request
from tenants.models import Project, Team

_AT_ONCE = 500
_COLUMNS = [
    *("Request", "Time", "Model", "Key", "Team", "Project", "Status", "Error"),
    *("Input tokens", "Output tokens", "Cost, USD", "Estimated", "Latency, ms"),
]


def request_table(wanted: RequestFilter) -> Table:
    """Newest first."""
    return Table("requests", _COLUMNS, _rows(wanted))


def _rows(wanted: RequestFilter) -> Iterator[list[Cell]]:
    teams: dict[UUID, str] = dict(Team.objects.values_list("id", "name"))
    projects: dict[UUID, str] = dict(Project.objects.values_list("id", "name"))
    before: UUID | None = None
    while found := readings.requests(wanted, before=before, limit=_AT_ONCE):
        keys = readings.prefixes_of(row.line.record.actor_id for row in found)
        for row in found:
            yield [*_about(row, keys, teams, projects), *_figures(row)]
        before = found[-1].id


def _about(row: Request, keys: dict[UUID, str], teams: dict[UUID, str], projects: dict[UUID, str]) -> list[Cell]:
    record, settlement = row.line.record, row.line.settlement
    return [
        str(row.id),
        row.line.came_in_at,
        row.model,
        keys.get(record.actor_id, record.actor_kind),
        teams.get(record.team_id, "") if record.team_id else "",
        projects.get(settlement.project_id, "") if settlement and settlement.project_id else "",
        STATUSES[row.line.outcome],
        row.said.get("error"),
    ]


def _figures(row: Request) -> list[Cell]:
    settlement, cost, took = row.line.settlement, row.line.cost_nano_usd, row.latency_ms
    return [
        settlement.input_tokens if settlement else None,
        settlement.output_tokens if settlement else None,
        money.to_usd(cost) if cost is not None else None,
        "yes" if settlement and settlement.estimated else "",
        Decimal(f"{took:.1f}") if took is not None else None,
    ]
