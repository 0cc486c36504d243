"""Forecasts on days that are drawn, and on those that are as simple as can be."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from audit.usage.forecast import days_between, forecast, habit, runs_out_on

MONDAY = date(2026, 11, 2)
WEEK = (5, 5, 5, 5, 4, 1, 1)


def past(days: int, level: int = 1000) -> dict[date, int]:
    return {
        day: level * WEEK[day.weekday()] for day in days_between(MONDAY - timedelta(days=days), MONDAY - timedelta(1))
    }


def whole(days: list[date]) -> dict[date, float]:
    return dict.fromkeys(days, 1.0)


def test_what_goes_on_as_ever_is_told_to_the_dollar() -> None:
    known = habit(past(56))
    assert known is not None
    found = forecast(7, whole(days_between(MONDAY, MONDAY + timedelta(days=6))), known)
    assert found.expected == pytest.approx(7 + 26_000, rel=0.02)
    assert found.low <= found.expected <= found.high


def test_the_weekend_is_not_forecast_as_a_working_day() -> None:
    known = habit(past(56))
    assert known is not None
    assert known.of_day(MONDAY) > 3 * known.of_day(MONDAY + timedelta(days=6))


def test_from_nothing_no_forecast_is_made() -> None:
    assert habit({}) is None
    assert habit(dict.fromkeys(days_between(MONDAY, MONDAY + timedelta(days=9)), 0)) is None


def test_the_level_is_that_of_what_was_spent() -> None:
    known = habit(past(56))
    assert known is not None
    doubled = known.at_level(2 * 5000 + 5000, {MONDAY: 1.0, MONDAY + timedelta(days=1): 0.5})
    assert doubled.of_day(MONDAY) == pytest.approx(10_000)


def test_what_is_left_runs_out_on_the_day_it_is_spent() -> None:
    known = habit(past(56))
    assert known is not None
    rest = whole(days_between(MONDAY, MONDAY + timedelta(days=6)))
    assert runs_out_on(12_000, rest, known) == MONDAY + timedelta(days=2)
    assert runs_out_on(40_000, rest, known) is None


@pytest.mark.parametrize(("spread", "of"), [(0.15, 56), (0.4, 56), (0.8, 56), (0.4, 21)])
def test_four_of_five_lie_within_the_band(spread: float, of: int) -> None:
    """300 teams with weeks of their own, each forecast for three weeks."""
    chance, within, above = random.Random(42), 0, 0
    for _ in range(300):
        week = [chance.uniform(0.2, 2) for _ in range(7)]
        days = {
            day: round(10**9 * week[day.weekday()] * chance.lognormvariate(0, spread))
            for day in days_between(MONDAY - timedelta(days=of), MONDAY + timedelta(days=20))
        }
        known = habit({day: spent for day, spent in days.items() if day < MONDAY})
        assert known is not None
        found = forecast(0, whole([day for day in days if day >= MONDAY]), known)
        actual = sum(spent for day, spent in days.items() if day >= MONDAY)
        within += found.low <= actual <= found.high
        above += actual > found.high
    assert 0.72 <= within / 300 <= 0.92
    assert above / 300 <= 0.2


def test_the_same_days_give_the_same_forecast() -> None:
    known = habit(past(30))
    assert known is not None
    rest = whole(days_between(MONDAY, MONDAY + timedelta(days=6)))
    assert forecast(1, rest, known) == forecast(1, rest, known)
