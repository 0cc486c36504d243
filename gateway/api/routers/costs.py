"""`GET /v1/cost-report/{team}` and `GET /v1/usage`: what was spent, for applications and scripts of a team."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest
from ninja import Router

from audit.usage.sums import Wanted
from gateway import costs
from gateway.api.calls import read_only
from gateway.caller import Caller
from gateway.costs import ORGANIZATION_SCOPE, Report
from gateway.services import Services
from gateway.wire import openapi, usage
from kit import clock, money

router = Router(tags=["costs"])
_SCOPES = "inference", ORGANIZATION_SCOPE  # whoever spends may see what its team has spent


@router.get(
    "/cost-report/{team}",
    operation_id="retrieve_cost_report",
    openapi_extra=openapi.COST_REPORT,
    summary="What a team has spent and has left",
)
async def retrieve_cost_report(request: HttpRequest, team: str) -> Any:
    async def told(services: Services, caller: Caller) -> dict[str, Any]:
        team_id = costs.visible_team(services.snapshot, caller, team)
        found = await costs.report(services.snapshot, services.admission, services.usage, caller, team_id, clock.now())
        return _told(found)

    return await read_only(request, told, *_SCOPES)


@router.get("/usage", operation_id="list_usage", openapi_extra=openapi.USAGE, summary="Sums of usage")
async def list_usage(request: HttpRequest) -> Any:
    async def told(services: Services, caller: Caller) -> dict[str, Any]:
        return await _usage(services, caller, _query(request))

    return await read_only(request, told, *_SCOPES)


async def _usage(services: Services, caller: Caller, query: dict[str, str]) -> dict[str, Any]:
    organization = caller.organization
    asked = usage.read(query, time_zone=organization.time_zone, now=clock.now())
    team_id = None if ORGANIZATION_SCOPE in caller.credential.scopes else caller.credential.team_id
    if asked.team is not None:
        team_id = costs.visible_team(services.snapshot, caller, asked.team)
    found = await services.usage.of(
        Wanted(
            organization.id,
            team_id,
            asked.since,
            asked.until,
            organization.time_zone,
            asked.group_by,
            asked.is_by_day,
        )
    )
    return {
        "object": "list",
        "time_zone": organization.time_zone,
        "as_of": found.as_of.isoformat(),
        "data": [usage.told(row) for row in found.rows],
    }


def _query(request: HttpRequest) -> dict[str, str]:
    """Of a name that is given twice the last, as with headers; an empty value is none."""
    return dict(parse_qsl(request.scope["query_string"].decode("latin-1")))  # type: ignore[attr-defined]


def _told(report: Report) -> dict[str, Any]:
    budget, held = report.budget, report.held or 0
    return {
        "team_id": str(report.team_id),
        "period": report.period,
        "time_zone": report.time_zone,
        "as_of": report.by_day.as_of.isoformat(),
        "budget_usd": _usd(budget),
        "spent_usd": money.plain(report.spent),
        "held_usd": _usd(report.held),
        "remaining_usd": None if budget is None else money.plain(max(0, budget - report.spent - held)),
        "utilization_pct": round(100 * (report.spent + held) / budget, 2) if budget else None,
        "forecast_usd": _usd(report.forecast),
        "by_model": [usage.told(row) for row in report.by_model.rows],
        "by_project": [usage.told(row) for row in report.by_project.rows],
        "by_day": [usage.told(row) for row in report.by_day.rows],
    }


def _usd(nano_usd: int | None) -> str | None:
    return None if nano_usd is None else money.plain(nano_usd)
