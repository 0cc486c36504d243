"""Totals of a period, from whole days and the quarters at its ends: the same as from the calls themselves."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import connections

from audit.models import Settlement, UsageDay, UsageQuarter, UsageZone
from audit.usage import rollups
from audit.usage.totals import Figures, Period, Place, labelled, totals
from kit import clock
from kit.scoping import within
from tenants.models import Organization, Role
from tests.support import world as worlds
from tests.support.settled import new_call, settle_all, settled
from tests.support.world import World

ZONE = "America/St_Johns"
BEGIN = datetime(2026, 10, 30, tzinfo=UTC)  # days before clocks are set back there
QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def filled() -> tuple[World, list[Settlement]]:
    """Calls of two teams over five days, some of which failed."""
    world, chance = worlds.build(), random.Random(5)
    tell(world, ZONE)
    teams = [world.team, world.new_team("other")[0]]
    return world, settle_all(
        [
            new_call(
                world,
                chance.choice(["small", "large"]),
                team=chance.choice(teams),
                cost_nano_usd=chance.randint(1, 10**12),
                at=BEGIN + timedelta(minutes=chance.randint(0, 5 * 24 * 60)),
                outcome=chance.choice(["completed", "failed"]),
                tags=chance.sample(["nightly", "eu"], chance.randint(0, 2)),
            )
            for _ in range(120)
        ]
    )


def tell(world: World, time_zone: str) -> None:
    rows = Organization.across_tenants.using("migrator").filter(id=world.organization.id)
    rows.update(time_zone=time_zone)
    rollups.roll_up()


def came_in_at(call: Settlement) -> datetime:
    return datetime.fromtimestamp(int(call.request_id.hex[:12], 16) / 1000, ZoneInfo(ZONE))


def expected(calls: list[Settlement], period: Period, place: Callable[[Settlement], Place]) -> dict[Place, int]:
    found: dict[Place, int] = {}
    for call in calls:
        if period.since <= came_in_at(call) < period.until:
            found[place(call)] = found.get(place(call), 0) + call.cost_nano_usd
    return found


def told(found: dict[Place, Figures]) -> dict[Place, int]:
    return {place: figures.nano_usd for place, figures in found.items()}


def periods() -> list[Period]:
    chance = random.Random(7)
    bounds = [sorted(chance.sample(range(-20, 500), 2)) for _ in range(12)]
    midnight = datetime(2026, 10, 31, tzinfo=ZoneInfo(ZONE))
    return [
        *(Period(BEGIN + first * QUARTER, BEGIN + last * QUARTER, ZONE) for first, last in bounds),
        Period(midnight, midnight + timedelta(days=3), ZONE),
        Period(midnight, midnight + timedelta(hours=5), ZONE),
    ]


def test_totals_are_those_of_the_calls_whatever_the_bounds(filled: tuple[World, list[Settlement]]) -> None:
    world, calls = filled
    with within(world.system.scope):
        assert UsageZone.objects.get().remade_until is None
        for period in periods():
            assert told(totals(period)) == expected(calls, period, lambda _: (None, None))
            by_day = totals(period, "model", per="day")
            assert told(by_day) == expected(calls, period, lambda call: (came_in_at(call).date(), call.model))
            by_team = totals(period, "team_id", of={"model": "small", "outcome": "failed"})
            assert told(by_team) == expected(
                [call for call in calls if (call.model, call.outcome) == ("small", "failed")],
                period,
                lambda call: (None, call.team_id),
            )


def test_labels_and_hours_are_told_too(filled: tuple[World, list[Settlement]]) -> None:
    world, calls = filled
    with within(world.system.scope):
        for period in periods():
            tagged = [(call, tag) for call in calls for tag in call.tags]
            for tag in ("nightly", "eu"):
                of_tag = expected([call for call, name in tagged if name == tag], period, lambda _: (None, None))
                found = told(labelled(period, "tag", value=tag))
                assert list(found.values()) == list(of_tag.values())
            by_hour = told(totals(period, per="hour"))
            assert by_hour == expected(
                calls, period, lambda call: (came_in_at(call).replace(minute=0, second=0, microsecond=0), None)
            )


def test_what_did_not_complete_is_an_error(filled: tuple[World, list[Settlement]]) -> None:
    world, calls = filled
    with within(world.system.scope):
        [figures] = totals(Period(BEGIN, BEGIN + timedelta(days=6), ZONE)).values()
    assert (figures.requests, figures.errors) == (120, sum(call.outcome == "failed" for call in calls))


def test_today_is_read_as_a_day(world: World) -> None:
    settled(world, "m", team=world.team, cost_nano_usd=7)
    now = clock.now()
    UsageQuarter.across_tenants.using("migrator").filter(organization_id=world.organization.id).delete()
    with within(world.system.scope):
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        assert told(totals(Period(today, now, "UTC"), "model")) == {(None, "m"): 7}


def test_until_the_days_of_another_zone_are_made_quarters_are_read(world: World) -> None:
    at = datetime(2026, 10, 5, 20, tzinfo=UTC)
    settled(world, "m", team=world.team, cost_nano_usd=7, at=at)
    tokyo = Period(at - timedelta(days=3), at + timedelta(days=3), "Asia/Tokyo")

    def days() -> list[Any]:
        with within(world.system.scope):
            return [day for day, _ in totals(tokyo, per="day")]

    UsageDay.across_tenants.using("migrator").filter(organization_id=world.organization.id).update(cost_nano_usd=0)
    assert days() == [datetime(2026, 10, 6, tzinfo=UTC).date()]
    tell(world, "Asia/Tokyo")
    assert days() == [datetime(2026, 10, 6, tzinfo=UTC).date()]
    with within(world.system.scope):
        assert [row.cost_nano_usd for row in UsageDay.objects.all()] == [7]


def test_calls_that_are_counted_before_their_organisation_is_there_are_in_its_days(world: World) -> None:
    """As where one transaction founds it and takes in its past."""
    at = datetime(2026, 10, 5, 20, tzinfo=UTC)
    with connections["migrator"].cursor() as cursor:
        cursor.execute("DELETE FROM audit_usage_zone WHERE organization_id = %s", [world.organization.id])
    with psycopg.connect(os.environ["DATABASE_URL_MIGRATOR"]) as founding:
        founding.execute("SELECT audit_tell_usage_zone(%s, 'UTC')", [world.organization.id])
        settled(world, "m", team=world.team, cost_nano_usd=7, at=at)
    rollups.roll_up()
    with within(world.system.scope):
        assert UsageZone.objects.get().remade_until is None
        assert [row.cost_nano_usd for row in UsageDay.objects.all()] == [7]


def test_a_team_sees_its_own_days_and_labels(world: World) -> None:
    other, _ = world.new_team("other")
    at = datetime(2026, 10, 5, 20, tzinfo=UTC)
    settled(world, "m", team=other, cost_nano_usd=7, at=at, tags=["eu"])
    period = Period(at - timedelta(days=3), at + timedelta(days=3), "UTC")
    with within(world.person("lena", Role.TEAM_LEAD, world.team).scope):
        assert totals(period, "model") == labelled(period, "tag") == {}
    with within(world.person("otto", Role.TEAM_LEAD, other).scope):
        assert told(labelled(period, "tag")) == {(None, "eu"): 7}
