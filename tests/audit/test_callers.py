"""Who calls a model, as far as whoever asks may see."""

from __future__ import annotations

from datetime import timedelta

from audit.callers import callers_of, teams_calling
from kit import clock
from kit.scoping import within
from tenants.models import Role
from tests.support.settled import settled
from tests.support.world import World

DAY = timedelta(days=1)


def test_callers_are_counted_by_team_project_and_key(world: World) -> None:
    team, project = world.new_team("other")
    last = [settled(world, "helper", team=world.team, project=world.project, key=world.key) for _ in range(3)][-1]
    settled(world, "helper", team=team, project=project, cost_nano_usd=7)
    settled(world, "another", team=team, project=project)
    with within(world.officer.scope):
        first, second = callers_of("helper", now=clock.now())
        assert teams_calling("helper", now=clock.now()) == {world.team.id, team.id}
    assert (first.team_id, first.project_id, first.api_key_id) == (world.team.id, world.project.id, world.key.id)
    assert (first.calls, first.last_at, first.cost_nano_usd) == (3, last.admitted_at, 15)
    assert (second.team_id, second.api_key_id, second.calls, second.cost_nano_usd) == (team.id, None, 1, 7)


def test_what_was_called_more_than_30_days_ago_counts_no_more(world: World) -> None:
    now = clock.now()
    settled(world, "helper", team=world.team, at=now - 31 * DAY)
    with within(world.officer.scope):
        assert callers_of("helper", now=now) == []
    settled(world, "helper", team=world.team, at=now - 29 * DAY)
    with within(world.officer.scope):
        assert [each.calls for each in callers_of("helper", now=now)] == [1]


def test_a_team_sees_its_own_calls_and_nobody_those_of_others(world: World, other_world: World) -> None:
    team, _ = world.new_team("other")
    settled(world, "helper", team=world.team)
    settled(world, "helper", team=team)
    settled(other_world, "helper", team=other_world.team)
    lead = world.person("bob", Role.TEAM_LEAD, world.team)
    for actor, seen in ((lead, {world.team.id}), (world.officer, {world.team.id, team.id})):
        with within(actor.scope):
            assert teams_calling("helper", now=clock.now()) == seen
