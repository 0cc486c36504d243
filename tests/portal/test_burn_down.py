"""How far the money goes: forecasts on the first page and for budgets, and what was granted on top."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connections

from kit import clock, money
from kit.scoping import within
from portal import burn_down
from portal.budget_use import InUse, in_use
from portal.burn_down import courses, habit_of
from portal.spending import month_to_date
from tenants.models import Budget, Period
from tests.support import cast
from tests.support import world as worlds
from tests.support.cast import Cast, browser
from tests.support.settled import new_call, settle_all
from tests.support.world import World

NOW = datetime(2026, 10, 12, 12, tzinfo=UTC)
USD = money.NANO


@pytest.fixture(scope="module")
def steady() -> World:
    """$10 a day at noon, for four weeks and until the day before."""
    world = worlds.build()
    days = [NOW - timedelta(days=ago) for ago in range(1, 29)]
    settle_all([new_call(world, "m", team=world.team, cost_nano_usd=10 * USD, at=day) for day in days])
    return world


def use(world: World, *, limit: int, spent: int, period: str = Period.MONTH, more: int = 0) -> InUse:
    terms = {"name": "ours", "limit_nano_usd": limit * USD, "period": period, "created_at": NOW - timedelta(days=90)}
    budget = Budget(organization=world.organization, **terms)
    resets = None if period == Period.TOTAL else datetime(2026, 11, 1, tzinfo=UTC)
    return InUse(budget, spent * USD, 0, datetime(2026, 10, 1, tzinfo=UTC), resets, is_partial=False, more=more * USD)


def test_the_month_goes_on_as_it_did(steady: World) -> None:
    with within(steady.system.scope):
        month = month_to_date(NOW, "UTC", habit_of(NOW, "UTC"))
    assert month.spent == 110 * USD
    assert month.forecast is not None
    assert month.forecast.expected == pytest.approx((110 + 195) * USD, rel=0.01)


def test_before_anything_is_spent_nothing_is_forecast() -> None:
    world = worlds.build()
    with within(world.system.scope):
        assert habit_of(NOW, "UTC") is None
        assert month_to_date(NOW, "UTC", None).forecast is None


@pytest.mark.parametrize(
    ("limit", "spent", "more", "day"),
    [(290, 110, 0, 31), (140, 110, 0, 15), (140, 110, 100, 26), (400, 110, 0, None), (105, 110, 0, 12)],
)
def test_a_budget_runs_out_on_the_day_its_pace_leads_to(
    steady: World, limit: int, spent: int, more: int, day: int | None
) -> None:
    row = use(steady, limit=limit, spent=spent, more=more)
    with within(steady.system.scope):
        found = courses([row], habit_of(NOW, "UTC"), now=NOW, time_zone="UTC")[row.budget.id]
    assert found.runs_out_on == (NOW.replace(day=day).date() if day else None)


def test_what_starts_again_within_the_day_has_no_forecast(steady: World) -> None:
    with within(steady.system.scope):
        known = habit_of(NOW, "UTC")
    assert courses([use(steady, limit=9, spent=5, period=Period.DAY)], known, now=NOW, time_zone="UTC") == {}
    assert courses([use(steady, limit=9, spent=5, period=Period.TOTAL)], known, now=NOW, time_zone="UTC")


def test_the_rest_of_a_month_begins_with_the_rest_of_today() -> None:
    rest = burn_down.until(datetime(2026, 10, 15, tzinfo=UTC), NOW, ZoneInfo("UTC"))
    assert {day.day: share for day, share in rest.items()} == {12: 0.5, 13: 1.0, 14: 1.0}


def test_what_is_spent_is_told_alike_before_and_after_it_is_counted(acme: Cast) -> None:
    world, now = acme.world, clock.now()
    with within(acme.ada.actor.scope):
        budget = Budget.objects.create(
            organization=world.organization, name="ours", limit_nano_usd=USD, team=world.team, period=Period.MONTH
        )
    calls = [new_call(world, "m", team=world.team, cost_nano_usd=7) for _ in range(3)]
    for call in calls:
        call.budgets = {str(budget.id): f"{now:%Y-%m}"}
    type(calls[0]).across_tenants.using("migrator").bulk_create(calls)

    def spent() -> list[int]:
        with within(acme.ada.actor.scope):
            return [row.spent for row in in_use([budget], acme.ada.actor, time_zone="UTC", now=now)]

    before: Any = spent()
    with connections["system"].cursor() as cursor:
        cursor.execute("SELECT audit_roll_up()")
    assert before == spent() == [21]


def test_the_first_page_says_how_far_it_goes() -> None:
    acme = cast.assemble()
    now = clock.now()
    days = [now - timedelta(days=ago) for ago in range(1, 15)]
    settle_all([new_call(acme.world, "m", team=acme.world.team, cost_nano_usd=10 * USD, at=day) for day in days])
    page = re.sub(r"\s+", " ", unescape(browser(acme.bob).get("/").content.decode()))
    assert "four times in five between" in page
    assert "/spend/" in page
