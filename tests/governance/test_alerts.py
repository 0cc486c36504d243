"""What is found and told: budgets, days, tokens, traffic and anomalies, from the sums of usage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from governance.models import AlertKind, Notice, Severity
from governance.services import alert_rules, alert_watch, alerts
from kit import clock, errors
from kit.money import NANO
from kit.scoping import within
from tenants.models import Role
from tenants.models.money import allowance_of
from tenants.services.allotments import Terms
from tests.support import cast
from tests.support import world as worlds
from tests.support.alerting import alerts_of, look, open_alert, some_budget, spend, spent
from tests.support.world import World


@pytest.fixture
def world() -> World:
    return worlds.build()


def found(world: World, kind: AlertKind) -> list[Any]:
    return [alert for alert in alerts_of(world) if alert.kind == kind]


def set_rule(world: World, kind: AlertKind, **terms: Any) -> None:
    boss = world.person("boss", Role.ADMINISTRATOR)
    terms = {"severity": Severity.WARNING, "parameters": {}, "roles": [Role.ADMINISTRATOR], **terms}
    with within(boss.scope):
        alert_rules.set_rule(actor=boss, kind=kind, now=clock.now(), **terms)


def test_a_budget_says_its_highest_threshold_once_and_becomes_worse_at_the_next(world: World) -> None:
    budget = some_budget(world)
    spent(world, budget.id, 85 * NANO)
    assert look(world) == 1
    assert look(world) == 0
    [alert] = found(world, AlertKind.BUDGET)
    assert (alert.level, alert.severity, alert.seen, alert.bound) == (80, Severity.WARNING, 85 * NANO, 80 * NANO)

    spent(world, budget.id, 101 * NANO)
    assert look(world) == 1

    [alert] = found(world, AlertKind.BUDGET)
    assert (alert.level, alert.severity) == (100, Severity.CRITICAL)
    assert alert.resolved_at is None


def test_a_budget_that_is_raised_is_over_and_is_not_told_again_in_its_period(world: World) -> None:
    budget = some_budget(world)
    spent(world, budget.id, 60 * NANO)
    look(world)
    spent(world, budget.id, 40 * NANO)
    look(world)
    assert found(world, AlertKind.BUDGET)[0].resolved_at is not None

    spent(world, budget.id, 60 * NANO)
    assert look(world) == 0

    assert found(world, AlertKind.BUDGET)[0].resolved_at is None


def test_a_budget_that_was_over_and_reaches_more_than_before_is_told_again(world: World) -> None:
    budget = some_budget(world)
    for amount, told in [(60, 1), (40, 0), (85, 1), (40, 0), (85, 0)]:
        spent(world, budget.id, amount * NANO)
        assert look(world) == told

    [alert] = found(world, AlertKind.BUDGET)
    assert (alert.level, alert.resolved_at) == (80, None)


def test_a_budget_for_each_team_says_which_one(world: World) -> None:
    budget = some_budget(world, each="key")
    spent(world, allowance_of(budget.id, world.key.id), 50 * NANO)

    look(world)

    [alert] = found(world, AlertKind.BUDGET)
    assert world.key.name in alert.subject_name
    assert alert.team_id == world.team.id


def test_people_of_the_rule_are_told_once_and_others_are_not(world: World) -> None:
    lead = cast.join(world, "Lea", Role.TEAM_LEAD, world.team)
    reader = cast.join(world, "Rob", Role.READ_ONLY, world.team)
    alert = open_alert(world)
    look(world)

    told = Notice.across_tenants.using("system").filter(subject_id=alert.id)
    assert lead.user.id in set(told.values_list("person_id", flat=True))
    assert reader.user.id not in set(told.values_list("person_id", flat=True))
    assert told.filter(person=lead.user).count() == 1


def test_a_day_of_three_times_the_average_is_told_with_its_drivers(world: World) -> None:
    now = clock.now().replace(hour=12, minute=0)
    spend(world, ((now - timedelta(days=day), 4 * NANO) for day in range(1, 15)))
    spend(world, [(now - timedelta(hours=1), 30 * NANO)], model="large")

    look(world, now)

    alerts_found = found(world, AlertKind.DAILY_AVERAGE)
    of_team = next(alert for alert in alerts_found if alert.team_id)
    assert (of_team.seen, of_team.unit) == (30 * NANO, "nano_usd")
    assert of_team.expected == pytest.approx(4 * NANO, rel=0.01)
    assert {"dimension": "model", "member": "large", "share": pytest.approx(115, abs=2)} in of_team.drivers


def test_what_an_amount_is_set_for_is_told_and_not_before(world: World) -> None:
    now = clock.now().replace(hour=12, minute=0)
    spend(world, [(now - timedelta(hours=1), 150 * NANO)], operation="chat")
    look(world, now)
    assert not found(world, AlertKind.DAILY_SPEND)

    set_rule(world, AlertKind.DAILY_SPEND, parameters={"amount_nano_usd": 100 * NANO})
    set_rule(world, AlertKind.OPERATION_SPEND, parameters={"amount_nano_usd": 100 * NANO})
    look(world, now)

    assert [alert.subject_key for alert in found(world, AlertKind.DAILY_SPEND)] == ["organization"]
    assert [alert.subject_key for alert in found(world, AlertKind.OPERATION_SPEND)] == ["organization:chat"]


def test_twice_the_tokens_of_a_usual_day_are_told(world: World) -> None:
    now = clock.now()
    spend(world, ((now - timedelta(days=day, hours=2), 1) for day in range(1, 29)), input_tokens=1_000_000)
    spend(world, [(now - timedelta(hours=2), 1)], input_tokens=2_500_000)

    look(world, now)

    assert {alert.unit for alert in found(world, AlertKind.TOKENS)} == {"tokens"}


def test_requests_that_cost_more_than_the_budget_expects_are_told(world: World) -> None:
    now = clock.now().replace(hour=12, minute=0)
    some_budget(world, terms=Terms(expected_requests=1_000))
    spend(world, ((now - timedelta(minutes=30), NANO // 5) for _ in range(60)))

    look(world, now)

    [alert] = found(world, AlertKind.REQUEST_COST)
    assert (alert.seen, alert.expected) == (NANO // 5, NANO // 10)


def test_slow_and_failing_models_are_told_with_enough_calls_alone(world: World) -> None:
    now = clock.now()
    at = now - timedelta(minutes=30)
    spend(world, ((at, 1) for _ in range(100)), model="slow", latency_ms=9_000, deployment_id=world.key.id)
    spend(world, ((at, 1) for _ in range(110)), model="broken")
    spend(world, ((at, 1) for _ in range(10)), model="broken", outcome="failed", error="upstream_error")
    spend(world, ((at, 1) for _ in range(3)), model="rare", outcome="failed", error="upstream_error")

    look(world, now)

    [slow] = found(world, AlertKind.LATENCY)
    [broken] = found(world, AlertKind.ERRORS)
    assert (slow.subject_name, slow.unit, slow.team_id) == ("slow", "ms", None)
    assert (broken.subject_name, broken.seen) == ("broken", 8)


def test_few_cache_hits_are_told_where_a_cache_is_asked(world: World) -> None:
    now = clock.now()
    at = now - timedelta(hours=3)
    spend(world, ((at, 1) for _ in range(190)), model="cached", cache="miss")
    spend(world, ((at, 1) for _ in range(20)), model="cached", cache="hit-exact")
    spend(world, ((at, 1) for _ in range(300)), model="uncached")

    look(world, now)

    [alert] = found(world, AlertKind.CACHE)
    assert (alert.subject_name, alert.seen, alert.severity) == ("cached", 9, Severity.INFO)


def test_an_anomaly_of_a_team_says_what_drives_it_and_is_not_told_twice(world: World) -> None:
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    usual = ((end - timedelta(hours=hour, minutes=-10), NANO) for hour in range(2, 24 * 21))
    spend(world, usual)
    spend(world, [(end - timedelta(minutes=50), 40 * NANO)], model="large")

    assert look(world, end + timedelta(minutes=7), alert_watch.ANOMALIES) == 1
    assert look(world, end + timedelta(minutes=22), alert_watch.ANOMALIES) == 0

    [alert] = found(world, AlertKind.ANOMALY)
    assert (alert.finding, alert.team_id, alert.seen) == ("spike", world.team.id, 40 * NANO)
    assert ("model", "large") in {(each["dimension"], each["member"]) for each in alert.drivers}
    look(world, end + timedelta(hours=3), alert_watch.ANOMALIES)
    assert found(world, AlertKind.ANOMALY)[0].resolved_at is None
    look(world, end + timedelta(hours=30), alert_watch.ANOMALIES)
    assert found(world, AlertKind.ANOMALY)[0].resolved_at is not None


def test_a_key_that_never_spent_is_a_newcomer_by_name(world: World) -> None:
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    spend(world, ((end - timedelta(hours=hour, minutes=-10), NANO) for hour in range(2, 24 * 21)))
    new = cast.join(world, "Nia", Role.DEVELOPER, world.team).user.id  # any id stands for a key
    spend(world, ((end - timedelta(hours=hour, minutes=-10), NANO) for hour in range(2, 14)), api_key_id=new)

    look(world, end + timedelta(minutes=7), alert_watch.ANOMALIES)

    assert [alert.finding for alert in found(world, AlertKind.ANOMALY)] == ["newcomer"]


def test_a_rule_that_is_switched_off_finds_nothing_and_a_teams_own_goes_before(world: World) -> None:
    budget = some_budget(world)
    spent(world, budget.id, 85 * NANO)
    set_rule(world, AlertKind.BUDGET, is_active=False)
    assert look(world) == 0

    set_rule(world, AlertKind.BUDGET, team=world.team, severity=Severity.INFO)
    assert look(world) == 1
    assert found(world, AlertKind.BUDGET)[0].severity == Severity.INFO


@pytest.mark.parametrize(
    ("kind", "parameters"), [(AlertKind.BUDGET, {"percent": 5}), (AlertKind.ERRORS, {"percent": 101})]
)
def test_a_rule_with_a_parameter_that_makes_no_sense_is_refused(
    world: World, kind: AlertKind, parameters: dict[str, int]
) -> None:
    with pytest.raises(errors.InvalidRequest):
        set_rule(world, kind, parameters=parameters)


def test_what_is_muted_is_kept_and_told_nobody_until_it_is_unmuted(world: World) -> None:
    lead = cast.join(world, "Lea", Role.TEAM_LEAD, world.team)
    alert = open_alert(world)
    with within(lead.actor.scope):
        alerts.mute(actor=lead.actor, alert=alert, hours=5, reason="A planned load test.", now=clock.now())
    spend_more = alert.subject_key.partition(":")[2]
    spent(world, spend_more, 0)
    look(world)
    later = clock.now() + timedelta(minutes=1)
    budget = some_budget(world, limit=NANO)
    spent(world, budget.id, NANO)

    look(world, later)

    told = Notice.across_tenants.using("system").filter(person=lead.user, kind="alerted")
    assert told.filter(subject_id=alert.id).count() == 1
    assert told.exclude(subject_id=alert.id).count() == 1


def test_an_alert_is_acknowledged_once_and_by_whoever_reaches_it(world: World) -> None:
    lead = cast.join(world, "Lea", Role.TEAM_LEAD, world.team)
    reader = cast.join(world, "Rob", Role.READ_ONLY, world.team)
    alert = open_alert(world)

    with pytest.raises(errors.Forbidden), within(reader.actor.scope):
        alerts.acknowledge(actor=reader.actor, alert=alert, now=clock.now())
    with within(lead.actor.scope):
        alerts.acknowledge(actor=lead.actor, alert=alert, now=clock.now())
        alerts.acknowledge(actor=lead.actor, alert=alert, now=clock.now())

    assert found(world, AlertKind.BUDGET)[0].acknowledged_by_id == lead.user.id


def test_only_the_timetable_looks(world: World) -> None:
    boss = world.person("boss", Role.ADMINISTRATOR)
    with pytest.raises(errors.Forbidden), within(boss.scope):
        alert_watch.look(actor=boss, looks=alert_watch.USAGE, now=clock.now())
