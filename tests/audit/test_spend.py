"""What was spent, by day of a zone and by whatever it is told apart by."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from audit.usage.spend import Spend, spend_by_day
from kit import clock
from kit.scoping import within
from tenants.models import Role
from tests.support.settled import settled
from tests.support.world import World

SINCE, UNTIL = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


def by_day(world: World, time_zone: str = "UTC", **terms: Any) -> dict[tuple[date, Any], int]:
    with within(world.system.scope):
        return {(one.day, one.group): one.nano_usd for one in _spends(time_zone, **terms)}


def _spends(time_zone: str, **terms: Any) -> list[Spend]:
    return spend_by_day(**{"since": SINCE, "until": UNTIL, "time_zone": time_zone, **terms})


def test_a_day_begins_at_midnight_where_the_organisation_is(world: World) -> None:
    for minute, cost in ((14, 1), (15, 2)):  # midnight in Kathmandu is at 18:15
        settled(world, "m", team=world.team, cost_nano_usd=cost, at=datetime(2026, 10, 5, 18, minute, 59, tzinfo=UTC))
    assert by_day(world) == {(date(2026, 10, 5), "m"): 3}
    assert by_day(world, "Asia/Kathmandu") == {(date(2026, 10, 5), "m"): 1, (date(2026, 10, 6), "m"): 2}


def test_it_is_told_apart_and_narrowed_down(world: World) -> None:
    other, project = world.new_team("other")
    first, second, third = (datetime(2026, 10, 5, hour, tzinfo=UTC) for hour in (1, 2, 3))
    settled(world, "m", team=world.team, project=world.project, cost_nano_usd=1, at=first)
    settled(world, "n", team=world.team, project=world.project, cost_nano_usd=2, at=second)
    settled(world, "n", team=other, project=project, cost_nano_usd=4, at=third)
    day = first.date()
    assert by_day(world, group_by="team_id") == {(day, world.team.id): 3, (day, other.id): 4}
    assert by_day(world, group_by="project_id", of={"model": "n"}) == {(day, world.project.id): 2, (day, project.id): 4}
    assert by_day(world, of={"team_id": other.id}) == {(day, "n"): 4}


def test_a_team_sees_its_own(world: World) -> None:
    other, _ = world.new_team("other")
    settled(world, "m", team=other, cost_nano_usd=7, at=SINCE)
    lead = world.person("lena", Role.TEAM_LEAD, world.team)
    with within(lead.scope):
        assert _spends("UTC") == []
    with within(world.person("otto", Role.TEAM_LEAD, other).scope):
        assert [one.nano_usd for one in _spends("UTC")] == [7]


def test_what_is_settled_now_is_in_it(world: World) -> None:
    settled(world, "m", team=world.team, cost_nano_usd=7)
    found = by_day(world, since=clock.now().replace(hour=0, minute=0, second=0, microsecond=0), until=clock.now())
    assert list(found.values()) == [7]
