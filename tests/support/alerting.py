"""Alerts to try things on, and usage that they are found in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from audit.models import Settlement, Spent
from audit.usage.history import import_settlements
from governance.models import Alert
from governance.services import alert_watch
from kit import clock
from kit.ids import first_id_at, new_id
from kit.money import NANO
from kit.scoping import within
from tenants.models import Budget, Team
from tenants.services import allotments
from tenants.services.allotments import Level
from tests.support.world import World


def look(world: World, now: datetime | None = None, looks: alert_watch.Looks = alert_watch.USAGE) -> int:
    with within(world.system.scope):
        return alert_watch.look(actor=world.system, looks=looks, now=now or clock.now())


def spend(world: World, calls: Iterable[tuple[datetime, int]], *, team: Team | None = None, **fields: object) -> None:
    """Calls that were settled, each at its moment and its cost, of the world's key unless told otherwise."""
    import_settlements(
        [_call(world, team or world.team, at, cost, place, fields) for place, (at, cost) in enumerate(calls)],
        owner="migrator",
        system="system",
    )


def _call(world: World, team: Team, at: datetime, cost: int, place: int, fields: dict[str, object]) -> Settlement:
    described = {
        "model": "small",
        "outcome": "completed",
        "input_tokens": 1,
        "output_tokens": 1,
        "api_key_id": world.key.id,
        "latency_ms": 200,
        **fields,
    }
    early = first_id_at(at + timedelta(milliseconds=place))
    return Settlement(
        request_id=type(early)(f"{early.hex[:13]}{new_id().hex[13:]}"),
        organization_id=world.organization.id,
        team_id=team.id,
        outcome_record_id=new_id(),
        estimated=False,
        cached_input_tokens=0,
        reasoning_tokens=0,
        cost_nano_usd=cost,
        held_nano_usd=cost,
        admitted_at=at,
        settled_at=at,
        budgets={},
        **described,
    )


def some_budget(world: World, *, limit: int = 100 * NANO, **options: Any) -> Budget:
    with within(world.system.scope):
        return allotments.add_budget(
            actor=world.system, name="Support", limit_nano_usd=limit, level=Level(world.team), now=world.now, **options
        )


def spent(world: World, account: UUID | str, amount: int, now: datetime | None = None) -> None:
    """So much of a monthly budget."""
    period = f"{now or clock.now():%Y-%m}"
    rows = Spent.across_tenants.using("migrator")
    rows.filter(organization_id=world.organization.id, budget_id=account, period=period).delete()
    rows.create(organization_id=world.organization.id, budget_id=account, period=period, nano_usd=amount)


def alerts_of(world: World) -> list[Alert]:
    with within(world.system.scope):
        return list(Alert.objects.order_by("id"))


def open_alert(world: World) -> Alert:
    """That a budget of the team is used up."""
    budget = some_budget(world)
    spent(world, budget.id, 100 * NANO)
    look(world)
    return next(alert for alert in alerts_of(world) if alert.subject_key == f"budget:{budget.id}")
