"""More for a budget, for a while: who asks, who decides, and what the database lets nobody do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import Error, connections, transaction
from psycopg import sql

from gateway import spending
from gateway.snapshot.index import Snapshot
from gateway.spending import Charge
from governance.models import Notice
from governance.services import increases
from governance.snapshot import changes
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tenants.models import Budget, BudgetIncrease, Each, Period, Role
from tenants.services import allotments
from tenants.services.allotments import Level
from tests.support.acts import acts_of
from tests.support.world import World


def budget_of(world: World, **options: Any) -> Budget:
    with within(world.system.scope):
        return allotments.add_budget(
            actor=world.system,
            name="ours",
            limit_nano_usd=100,
            now=world.now,
            **{"level": Level.of(world.team), "period": Period.TOTAL, **options},
        )


def ask(actor: Actor, budget: Budget, **asked: Any) -> BudgetIncrease:
    now = clock.now()
    with within(actor.scope):
        return increases.ask(
            actor=actor,
            budget=budget,
            now=now,
            **{"amount_nano_usd": 50, "ends_at": now + timedelta(days=7), "reason": "A busy week.", **asked},
        )


def decide(actor: Actor, asked: BudgetIncrease, *, is_granted: bool = True) -> BudgetIncrease:
    with within(actor.scope):
        return increases.decide(
            actor=actor, increase=asked, is_granted=is_granted, reason="As agreed.", now=clock.now()
        )


def end(actor: Actor, asked: BudgetIncrease) -> BudgetIncrease:
    with within(actor.scope):
        return increases.end(actor=actor, increase=asked, reason="Not needed.", now=clock.now())


@pytest.fixture
def developer(world: World) -> Actor:
    return world.person("dev", Role.DEVELOPER, world.team)


@pytest.fixture
def lead(world: World) -> Actor:
    return world.person("bob", Role.TEAM_LEAD, world.team)


def test_a_developer_asks_and_the_lead_grants(world: World, developer: Actor, lead: Actor) -> None:
    asked = ask(developer, budget_of(world))
    assert asked.is_waiting(clock.now())
    granted = decide(lead, asked)
    assert granted.is_in_force(clock.now())
    assert not granted.is_in_force(granted.ends_at)
    said = bytes(acts_of(world)[-1].envelope)
    assert b'"tenants.budget_increase.granted"' in said
    assert b'"amount_nano_usd":"50"' in said
    assert b"busy" not in said


def test_nobody_decides_on_what_they_asked_for(world: World, lead: Actor) -> None:
    asked = ask(lead, budget_of(world))
    with pytest.raises(errors.Forbidden) as refused:
        decide(lead, asked)
    assert refused.value.code == "separation_of_duties"
    decide(world.admin, asked, is_granted=False)


def test_it_is_decided_once(world: World, developer: Actor, lead: Actor) -> None:
    asked = ask(developer, budget_of(world))
    decide(lead, asked, is_granted=False)
    with pytest.raises(errors.Conflict):
        decide(world.admin, asked)


def test_it_is_taken_back_or_ended_before_its_time_once(world: World, developer: Actor, lead: Actor) -> None:
    budget = budget_of(world)
    end(developer, ask(developer, budget))
    granted = decide(lead, ask(developer, budget))
    assert limits(world, clock.now()) == [150]
    ended = end(world.admin, granted)
    assert not ended.is_in_force(clock.now())
    assert limits(world, clock.now()) == [100]
    with pytest.raises(errors.Conflict):
        end(world.admin, ended)
    with pytest.raises(errors.Conflict):
        end(lead, decide(lead, ask(developer, budget), is_granted=False))


def test_another_developer_ends_nothing(world: World, developer: Actor) -> None:
    other = world.person("deb", Role.DEVELOPER, world.team)
    with pytest.raises(errors.Forbidden):
        end(other, ask(developer, budget_of(world)))


def test_whoever_may_decide_is_told_and_then_whoever_asked(world: World, developer: Actor, lead: Actor) -> None:
    admin = world.admin
    world.person("luis", Role.TEAM_LEAD, world.new_team("other")[0])
    asked = ask(developer, budget_of(world))
    assert told(world) == {(lead.id, "more_wanted"), (admin.id, "more_wanted")}
    end(admin, decide(lead, asked))
    assert told(world) >= {(developer.id, "more_granted"), (developer.id, "more_ended")}


def test_a_lead_is_not_told_of_what_the_whole_organisation_may_spend(world: World, lead: Actor) -> None:
    other = world.person("abe", Role.ADMINISTRATOR)
    ask(world.admin, budget_of(world, level=Level()))
    assert told(world) == {(other.id, "more_wanted")}


def told(world: World) -> set[tuple[UUID, str]]:
    with within(world.system.scope):
        rows = Notice.across_tenants.using("system").filter(organization=world.organization)
        return set(rows.values_list("person_id", "kind"))


def test_more_is_asked_for_what_ones_own_teams_spend(world: World, developer: Actor) -> None:
    for budget in (budget_of(world, level=Level()), budget_of(world, level=Level(world.new_team("other")[0]))):
        with pytest.raises(errors.Forbidden):
            ask(developer, budget)


@pytest.mark.parametrize(
    "wrong", [{"ends_at": timedelta(seconds=-1)}, {"ends_at": timedelta(days=400)}, {"reason": "  "}]
)
def test_what_makes_no_sense_is_refused(world: World, developer: Actor, wrong: dict[str, Any]) -> None:
    said = {name: clock.now() + value if isinstance(value, timedelta) else value for name, value in wrong.items()}
    with pytest.raises(errors.InvalidRequest):
        ask(developer, budget_of(world), **said)


def test_a_budget_for_each_of_many_is_changed_instead(world: World) -> None:
    with pytest.raises(errors.InvalidRequest, match="raised for all"):
        ask(world.admin, budget_of(world, each=Each.END_USER))


def test_the_gateway_adds_what_is_granted_until_its_end(world: World, developer: Actor, lead: Actor) -> None:
    budget = budget_of(world)
    asked = ask(developer, budget)
    assert limits(world, clock.now()) == [100]
    decide(lead, asked)
    assert limits(world, clock.now()) == [150]
    assert limits(world, asked.ends_at) == [100]
    decide(lead, ask(developer, budget, amount_nano_usd=7))
    assert limits(world, clock.now()) == [157]


def limits(world: World, at: Any) -> list[int]:
    snapshot = Snapshot()
    snapshot.apply(changes.load_all(), asked_at=0)
    lines = spending.budget_lines(snapshot, (("team", world.team.id),), Charge(), "UTC", at)
    return [line.limit_nano_usd for line in lines]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("amount_nano_usd = 500", "permission denied"),
        ("reason = 'another'", "permission denied"),
        ("is_granted = true, decided_by_id = asked_by_id, decided_at = now(), answer = 'x'", "decider_is_not_asker"),
        ("ended_by_id = asked_by_id, ended_at = now()", "ended_whole"),
        ("is_granted = true", "row-level security|decided_whole"),
    ],
)
def test_the_portal_cannot_write_past_the_service(world: World, lead: Actor, change: str, refusal: str) -> None:
    asked = ask(lead, budget_of(world))
    with within(lead.scope), pytest.raises(Error, match=refusal), transaction.atomic():
        update(change, asked)


def test_not_even_the_system_decides_twice(world: World, developer: Actor, lead: Actor) -> None:
    asked = ask(developer, budget_of(world))
    decide(lead, asked)
    with pytest.raises(Error, match="decided once"), transaction.atomic(using="system"):
        update("is_granted = false", asked, using="system")


def test_what_was_refused_stays_so(world: World, developer: Actor, lead: Actor) -> None:
    asked = ask(developer, budget_of(world))
    decide(lead, asked, is_granted=False)
    with pytest.raises(Error, match="stays as it is"), transaction.atomic(using="system"):
        update("is_granted = true", asked, using="system")


def update(change: str, row: BudgetIncrease, using: str = "default") -> None:
    with connections[using].cursor() as cursor:
        statement = sql.SQL("UPDATE tenants_budgetincrease SET {} WHERE id = %s").format(sql.SQL(change))
        cursor.execute(statement, [row.id])
