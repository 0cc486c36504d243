"""Budgets and rate limits: where they bind, who sets them, and what new teams and projects begin with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from kit import clock, errors, money
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import NoTenant, within
from tenants.models import AtStop, Budget, Each, Organization, Period, RateLimit, Role, Team
from tenants.services import allotments, organizations
from tenants.services.allotments import Level, Narrowed, Terms
from tenants.services.organizations import Defaults, Limits
from tests.support import world as worlds
from tests.support.acts import acts_of
from tests.support.world import World

DEFAULTS = Defaults(5 * money.NANO, Limits(60, 1000, 4))


def add(world: World, level: Level | None = None, **options: Any) -> Budget:
    admin = world.admin
    with within(admin.scope):
        return allotments.add_budget(
            actor=admin,
            now=world.now,
            level=level or Level(),
            **{"name": "a budget", "limit_nano_usd": money.NANO, **options},
        )


@pytest.mark.parametrize("name", ["organization", "team", "project", "key"])
def test_a_budget_binds_its_level(world: World, name: str) -> None:
    bound: dict[str, Any] = {"organization": None, "team": world.team, "project": world.project, "key": world.key}
    with within(world.system.scope):
        level = Level.of(bound[name])
    budget = add(world, level)
    assert budget.level == name
    assert budget.team_id == (None if name == "organization" else world.team.id)


def test_several_budgets_bind_one_level(world: World) -> None:
    for period in Period:
        add(world, period=period)
    with within(world.system.scope):
        assert Budget.objects.count() == len(Period)


@pytest.mark.parametrize("limit", [-1, -money.NANO])
def test_a_budget_is_not_negative(world: World, limit: int) -> None:
    with pytest.raises(ValidationError):
        add(world, limit_nano_usd=limit)
    budget = add(world)
    with within(world.admin.scope), pytest.raises(ValidationError):
        allotments.change_budget(actor=world.admin, budget=budget, limit_nano_usd=limit)


def test_the_ledger_holds_both_amounts_of_a_change(world: World) -> None:
    budget = add(world)
    with within(world.admin.scope):
        changed = allotments.change_budget(actor=world.admin, budget=budget, limit_nano_usd=7)
    assert changed.limit_nano_usd == 7
    said = bytes(acts_of(world)[-1].envelope)
    assert b'"before_nano_usd":"1000000000"' in said
    assert b'"limit_nano_usd":"7"' in said


def test_a_lead_sets_what_binds_the_own_team_only(world: World) -> None:
    lead = world.person("bob", Role.TEAM_LEAD, world.team)
    other, project = world.new_team("research")
    everybodys = add(world)
    with within(lead.scope):
        allotments.add_budget(actor=lead, name="ours", limit_nano_usd=1, now=world.now, level=Level.of(world.project))
        allotments.set_limits(actor=lead, limits=Limits(1), now=world.now, level=Level.of(world.team))
        for level in (Level(), Level(other), Level(other, project)):
            with pytest.raises(errors.Forbidden):
                allotments.add_budget(actor=lead, name="x", limit_nano_usd=1, now=world.now, level=level)
            with pytest.raises(errors.Forbidden):
                allotments.set_limits(actor=lead, limits=Limits(1), now=world.now, level=level)
        with pytest.raises(errors.Forbidden):
            allotments.change_budget(actor=lead, budget=everybodys, limit_nano_usd=99)


def test_limits_take_the_place_of_those_before(world: World) -> None:
    admin = world.admin
    with within(admin.scope):
        for limits in (Limits(60, 1000, 4), Limits(None, None, 1)):
            row = allotments.set_limits(actor=admin, limits=limits, now=clock.now(), level=Level.of(world.team))
        assert RateLimit.objects.get() == row
    assert (row.requests_per_minute, row.tokens_per_minute, row.concurrency) == (None, None, 1)


def test_a_budget_of_a_project_without_its_team_is_refused(world: World) -> None:
    columns = {"organization": world.organization, "project": world.project, "name": "x", "limit_nano_usd": 1}
    with within(world.admin.scope), pytest.raises(IntegrityError, match="levels_are_nested"), transaction.atomic():
        Budget.objects.create(**columns)


def test_a_budget_of_another_organisations_team_is_refused(world: World, other_world: World) -> None:
    with pytest.raises(ValidationError):
        add(world, Level(other_world.team))
    rows = Budget.across_tenants.using("system")
    with pytest.raises(IntegrityError, match="same_tenant"), transaction.atomic(using="system"):
        rows.create(organization_id=world.organization.id, team_id=other_world.team.id, name="x", limit_nano_usd=1)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (Terms(at_stop=AtStop.DOWNGRADE), "names the cheaper model"),
        (Terms(downgrade_model="small"), "names the cheaper model"),
        (Terms(at_stop=AtStop.DOWNGRADE, downgrade_model="small", downgrade_at_percent=101), "violated"),
        (Terms(per_request_nano_usd=-1), "violated"),
        (Terms(thresholds=[0]), "greater than or equal to 1"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(world: World, terms: Terms, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        add(world, terms=terms)


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"at_stop": "downgrade"}, "downgrades_to_a_model"),
        ({"downgrade_at_percent": 0}, "downgrades_within_its_limit"),
        ({"per_request_nano_usd": -1}, "per_request_is_not_negative"),
        ({"thresholds": [50, 0]}, "thresholds_are_percentages"),
        ({"thresholds": [1] * 11}, "thresholds_are_percentages"),
        ({"each": "team"}, "each_is_within_its_level"),
    ],
)
def test_and_the_database_refuses_them_too(world: World, columns: dict[str, Any], constraint: str) -> None:
    row = {"organization": world.organization, "team": world.team, "name": "x", "limit_nano_usd": 1, **columns}
    with within(world.admin.scope), pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Budget.objects.create(**row)


def test_what_is_not_said_of_a_budget_stays_as_it_was(world: World) -> None:
    budget = add(world, narrowed=Narrowed(model="large", tag="eu"), terms=Terms(thresholds=[100, 60, 60]))
    assert (budget.thresholds, budget.model, budget.tag) == ([60, 100], "large", "eu")
    with within(world.admin.scope):
        raised = allotments.change_budget(actor=world.admin, budget=budget, limit_nano_usd=7)
        warns = replace(Terms.of(raised), at_stop=AtStop.WARN)
        changed = allotments.change_budget(actor=world.admin, budget=raised, limit_nano_usd=7, terms=warns)
    assert (changed.at_stop, changed.thresholds) == (AtStop.WARN, [60, 100])
    assert b'"changed":["at_stop"]' in bytes(acts_of(world)[-1].envelope)


def test_an_organisation_begins_with_the_limits_that_are_shipped() -> None:
    found = organizations.found(name="New", slug=f"new-{new_id().hex}", region="eu", now=clock.now())
    with within(Actor("system", new_id(), found.id).scope):
        rows = {row.each: row for row in RateLimit.objects.all()}
    assert rows["team"].requests_per_minute == 100
    assert rows["end_user"].requests_per_hour == 1_000
    assert rows[""].requests_per_hour == 50_000


def test_limits_for_each_stand_beside_those_of_the_level(world: World) -> None:
    admin = world.admin
    with within(admin.scope):
        for each in ("", Each.END_USER, Each.PROJECT, Each.END_USER):
            allotments.set_limits(
                actor=admin, limits=Limits(requests_per_day=5), now=clock.now(), level=Level.of(world.team), each=each
            )
        assert {row.each for row in RateLimit.objects.all()} == {"", "end_user", "project"}
        with pytest.raises(ValidationError):
            allotments.set_limits(
                actor=admin, limits=Limits(1), now=clock.now(), level=Level.of(world.project), each=Each.TEAM
            )


def test_teams_and_projects_begin_with_the_organisations_defaults() -> None:
    world = worlds.build(defaults=DEFAULTS)
    with within(world.system.scope):
        assert {(budget.level, budget.limit_nano_usd, budget.period) for budget in Budget.objects.all()} == {
            ("team", 5 * money.NANO, Period.MONTH),
            ("project", 5 * money.NANO, Period.MONTH),
        }
        found = RateLimit.objects.values_list("requests_per_minute", "tokens_per_minute", "concurrency")
        assert list(found) == [(60, 1000, 4)] * 2


@pytest.mark.parametrize(("budget", "expected"), [(None, []), (7, [7]), (0, [0])])
def test_none_is_an_explicit_choice(budget: int | None, expected: list[int]) -> None:
    world = worlds.build(defaults=DEFAULTS)
    admin = world.admin
    with within(admin.scope):
        team = organizations.create_team(
            actor=admin, name="T", slug="t", now=world.now, monthly_budget_nano_usd=budget, limits=None
        )
        assert [row.limit_nano_usd for row in Budget.objects.filter(team=team)] == expected
        assert not RateLimit.objects.filter(team=team).exists()


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "europe/berlin\n"])
def test_a_time_zone_is_a_known_one(world: World, zone: str) -> None:
    admin = world.admin
    settings = organizations.Settings("Name", zone, [], Defaults())
    with within(admin.scope), pytest.raises(ValidationError):
        organizations.change(actor=admin, organization=world.organization, settings=settings)


def test_slugs_are_taken_once_per_organisation(world: World, other_world: World) -> None:
    for each in (world, other_world):
        each.new_team("research")
    with pytest.raises(ValidationError):
        world.new_team("research")


def test_without_a_scope_nothing_is_asked() -> None:
    for model in (Organization, Team, Budget):
        with pytest.raises(NoTenant):
            model.objects.count()
