"""What is found in traces of fixed seeds, by the process that the method was tuned on and by another one."""

from __future__ import annotations

import random

import pytest

from audit.usage.anomalies import Driver, creep, drivers, newcomers, spike
from tests.bench.anomalies import BEFORE, CHANGES, delay, false_alerts
from tests.support.traces import PROCESSES, days_of, seasonal, self_exciting

WEEKS = 8 * 168
SEEDS_TRIED = range(3)


def normal(hours: int = WEEKS + 15, seed: int = 7) -> list[float]:
    return seasonal(random.Random(seed), hours)


def test_a_working_hour_at_five_times_its_cost_is_a_spike_with_what_was_expected() -> None:
    trace = normal()
    usual = trace[-1]
    trace[-1] *= 5

    found = spike(trace)

    assert found is not None
    assert found.kind == "spike"
    assert found.expected == pytest.approx(usual, rel=0.8)
    assert found.expected < found.high < found.seen == trace[-1]


@pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
def test_thirty_normal_days_open_hardly_an_alert(process) -> None:  # type: ignore[no-untyped-def]
    assert sum(false_alerts(process, seed) for seed in SEEDS_TRIED) <= 2


@pytest.mark.parametrize("change", CHANGES[2:], ids=lambda change: change.name)
@pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
def test_what_changes_is_found_in_its_time(process, change) -> None:  # type: ignore[no-untyped-def]
    found = [delay(process, change, seed) for seed in SEEDS_TRIED]

    assert all(late is not None and late <= change.days * 24 for late in found)


def test_a_weekend_that_costs_little_is_no_news() -> None:
    trace = normal(WEEKS + 168)

    assert not any(spike(trace[: WEEKS + hour + 1]) for hour in range(168))


def test_neither_a_holiday_nor_the_day_after_it_is_an_alert() -> None:
    trace = normal(WEEKS + 72)
    holiday = range(WEEKS, WEEKS + 24)
    for hour in holiday:
        trace[hour] *= 0.1

    assert not any(spike(trace[: hour + 1]) for hour in range(WEEKS, WEEKS + 72))
    assert creep(days_of(trace)) is None


def test_a_job_that_runs_every_night_is_usual_at_its_hour_and_a_spike_at_another() -> None:
    chance = random.Random(3)
    trace = [chance.uniform(90, 110) if hour % 24 == 2 else chance.uniform(0.5, 1.5) for hour in range(WEEKS + 3)]

    assert spike(trace) is None
    trace.extend(1.0 for _ in range(7))
    trace.append(100.0)
    assert spike(trace) is not None


def test_a_series_with_hardly_an_hour_of_use_is_not_judged_by_the_hour() -> None:
    trace = [0.0] * WEEKS
    for hour in range(0, WEEKS, 100):
        trace[hour] = 5.0

    assert spike([*trace, 5.0]) is None


def test_no_spend_at_all_is_no_anomaly() -> None:
    assert spike([0.0] * WEEKS) is None
    assert creep([0.0] * 70) is None
    assert newcomers({}, {}, 0.0) == {}


def test_less_than_two_weeks_are_nothing_to_compare_with() -> None:
    trace = normal(300)
    trace[-1] *= 100

    assert spike(trace) is None
    assert creep(days_of(trace)) is None


def test_creep_that_is_over_is_not_told_any_more() -> None:
    days = days_of(normal((BEFORE + 1) * 24))
    for day in range(-10, -1):
        days[day] *= 2

    assert creep(days[:-1]) is not None
    assert creep(days) is None


def test_one_day_alone_does_not_make_creep() -> None:
    days = days_of(normal(BEFORE * 24))
    days[-1] *= 1.6

    assert creep(days) is None


def test_a_key_that_never_spent_and_makes_a_quarter_of_a_day_is_a_newcomer() -> None:
    found = newcomers({"old": 900.0, "idle": 0.0}, {"old": 100.0, "new": 40.0, "small": 5.0, "idle": 30.0}, 100.0)

    assert set(found) == {"new", "idle"}
    assert found["new"].expected == 0.0
    assert found["new"].score == pytest.approx(0.4)


def test_the_difference_is_told_by_its_members_the_greatest_part_first() -> None:
    found = drivers({"a": 10.0, "b": 10.0, "c": 10.0}, {"a": 11.0, "b": 60.0, "c": 10.0, "new": 39.0})

    assert found == [Driver("b", 60.0, 10.0, 50 / 90), Driver("new", 39.0, 0.0, 39 / 90)]
    assert drivers({"a": 10.0}, {"a": 9.0}) == []


def test_the_other_process_is_no_relative_of_the_first() -> None:
    """Its hours come in bursts, and single calls cost as much as many."""
    trace = self_exciting(random.Random(1), WEEKS)
    hours = sorted(trace[place] for place in range(36, WEEKS, 168))

    assert hours[-1] > 1.5 * hours[len(hours) // 2]
