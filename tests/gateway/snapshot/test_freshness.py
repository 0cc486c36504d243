"""How long a worker may go on deciding by what it has in memory."""

from __future__ import annotations

import pytest

from gateway.snapshot import freshness
from gateway.snapshot.freshness import Freshness

MAX_AGE = 30.0


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(freshness, "clock", clock)
    return clock


@pytest.fixture
def fresh(clock: Clock) -> Freshness:
    fresh = Freshness()
    fresh.confirmed(clock.seconds)
    return fresh


def test_nothing_is_decided_before_the_first_look(clock: Clock) -> None:
    assert not Freshness().holds(MAX_AGE)


def test_it_holds_for_the_age_allowed(fresh: Freshness, clock: Clock) -> None:
    clock.seconds += MAX_AGE
    assert fresh.holds(MAX_AGE)
    clock.seconds += 0.1
    assert not fresh.holds(MAX_AGE)


def test_its_age_counts_from_when_the_look_began(fresh: Freshness, clock: Clock) -> None:
    clock.seconds += 10
    fresh.confirmed(clock.seconds - 4)
    assert fresh.age_seconds() == 4


def test_a_look_that_is_awaited_in_time_is_no_doubt(fresh: Freshness, clock: Clock) -> None:
    fresh.sleeps(1)
    clock.seconds += 1.5
    assert fresh.holds(MAX_AGE)
    fresh.wakes()
    clock.seconds += 20  # the database is slow to answer
    assert fresh.holds(MAX_AGE)


def test_one_that_overslept_refuses_at_once(fresh: Freshness, clock: Clock) -> None:
    fresh.sleeps(1)
    clock.seconds += 5
    assert not fresh.holds(MAX_AGE)


def test_one_that_overslept_refuses_until_it_has_looked_again(fresh: Freshness, clock: Clock) -> None:
    fresh.sleeps(1)
    clock.seconds += 5
    fresh.wakes()
    assert not fresh.holds(MAX_AGE)
    fresh.sleeps(1)  # that look failed
    fresh.wakes()
    assert not fresh.holds(MAX_AGE)
    fresh.confirmed(clock.seconds)
    assert fresh.holds(MAX_AGE)
