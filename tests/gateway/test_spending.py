"""Which limits and budgets bind a caller: its own, and those set for each of its kind around it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from gateway import spending
from gateway.admission.holds import Limit
from gateway.snapshot.index import Snapshot
from gateway.spending import Charge, LevelIds
from kit.ids import new_id
from tenants.models.money import RATES, allowance_of
from tenants.snapshot import BudgetEntry, Level, RateLimitEntry

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def snapshot() -> Snapshot:
    return Snapshot()


@pytest.fixture
def levels() -> LevelIds:
    return ("key", new_id()), ("project", new_id()), ("team", new_id()), ("organization", new_id())


def set_limit(snapshot: Snapshot, levels: LevelIds, at: Level, per_minute: int, each: str = "") -> RateLimitEntry:
    rates = tuple(per_minute if name == "requests_per_minute" else None for name in RATES)
    level_id = dict(levels)[at]
    entry = RateLimitEntry(new_id(), levels[-1][1], at, level_id, each, rates, None)
    snapshot.rate_limits.put(entry.id, entry)
    return entry


def set_budget(snapshot: Snapshot, levels: LevelIds, at: Level, each: str = "", **terms: Any) -> BudgetEntry:
    entry = BudgetEntry(new_id(), levels[-1][1], at, dict(levels)[at], "the budget", 100, "month", each, **terms)
    snapshot.budgets.put(entry.id, entry)
    return entry


def shown(limits: tuple[Limit, ...]) -> list[tuple[str, UUID, int]]:
    return [(limit.level, limit.level_id, limit.rates[0].ceiling) for limit in limits]


def test_what_is_set_for_each_team_binds_the_callers_team(snapshot: Snapshot, levels: LevelIds) -> None:
    set_limit(snapshot, levels, "organization", 100, each="team")
    assert shown(spending.limits(snapshot, levels)) == [("team", dict(levels)["team"], 100)]


def test_a_teams_own_limits_take_the_place_of_those_for_each(snapshot: Snapshot, levels: LevelIds) -> None:
    set_limit(snapshot, levels, "organization", 100, each="team")
    set_limit(snapshot, levels, "team", 300)
    set_limit(snapshot, levels, "organization", 900)
    organization = levels[-1][1]
    assert shown(spending.limits(snapshot, levels)) == [
        ("team", dict(levels)["team"], 300),
        ("organization", organization, 900),
    ]


def test_the_narrowest_of_several_for_each_counts(snapshot: Snapshot, levels: LevelIds) -> None:
    set_limit(snapshot, levels, "organization", 100, each="key")
    set_limit(snapshot, levels, "project", 5, each="key")
    assert shown(spending.limits(snapshot, levels)) == [("key", levels[0][1], 5)]


def test_each_end_user_has_a_bucket_of_its_own(snapshot: Snapshot, levels: LevelIds) -> None:
    entry = set_limit(snapshot, levels, "organization", 10, each="end_user")
    ann, bob = new_id(), new_id()
    assert spending.counts_end_users(snapshot, levels)
    assert spending.limits(snapshot, levels) == ()
    assert shown(spending.limits(snapshot, levels, ann)) == [("end_user", allowance_of(entry.id, ann), 10)]
    assert allowance_of(entry.id, ann) != allowance_of(entry.id, bob)


def test_the_flood_gate_goes_by_the_fewest_requests_a_minute(snapshot: Snapshot, levels: LevelIds) -> None:
    assert spending.requests_per_minute(spending.limits(snapshot, levels)) is None
    set_limit(snapshot, levels, "organization", 40, each="project")
    set_limit(snapshot, levels, "team", 60)
    assert spending.requests_per_minute(spending.limits(snapshot, levels)) == 40


def test_a_budget_for_each_is_counted_apart_and_refuses_by_its_own_name(snapshot: Snapshot, levels: LevelIds) -> None:
    everyone = set_budget(snapshot, levels, "organization")
    per_team = set_budget(snapshot, levels, "organization", each="team")
    per_person = set_budget(snapshot, levels, "team", each="end_user")
    team, ann = dict(levels)["team"], new_id()
    assert spending.counts_end_users(snapshot, levels)

    lines = spending.budget_lines(snapshot, levels, Charge(ann), "UTC", NOW)
    assert {(line.budget_id, line.level, line.charged_id) for line in lines} == {
        (everyone.id, "organization", everyone.id),
        (per_team.id, "team", allowance_of(per_team.id, team)),
        (per_person.id, "end_user", allowance_of(per_person.id, ann)),
    }
    without = spending.budget_lines(snapshot, levels, Charge(), "UTC", NOW)
    assert {line.budget_id for line in without} == {everyone.id, per_team.id}


@pytest.mark.parametrize(
    ("terms", "falls"),
    [
        ({}, True),
        ({"use_case": "letters"}, True),
        ({"use_case": "chat"}, False),
        ({"model": "large"}, True),
        ({"model": "tiny"}, False),
        ({"tag": "eu"}, True),
        ({"tag": "us"}, False),
        ({"use_case": "letters", "model": "small", "tag": "eu"}, True),
        ({"use_case": "letters", "model": "tiny", "tag": "eu"}, False),
    ],
)
def test_a_call_falls_to_a_budget_by_all_that_narrows_it(
    snapshot: Snapshot, levels: LevelIds, terms: dict[str, Any], falls: bool
) -> None:
    set_budget(snapshot, levels, "team", **terms)
    charge = Charge(use_case="letters", models=frozenset({"large", "small"}), tags=("eu", "nightly"))
    assert bool(spending.budget_lines(snapshot, levels, charge, "UTC", NOW)) is falls


def test_a_budget_keeps_a_part_of_its_limit_for_the_cheaper_model(snapshot: Snapshot, levels: LevelIds) -> None:
    set_budget(snapshot, levels, "team", downgrade_model="small", downgrade_at_percent=80)

    def limit(*models: str) -> int:
        [line] = spending.budget_lines(snapshot, levels, Charge(models=frozenset(models)), "UTC", NOW)
        return line.limit_nano_usd

    assert [limit("large"), limit("large", "small"), limit("small")] == [80, 80, 100]


@pytest.mark.parametrize(
    ("at", "named", "resets"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-Q1", (2026, 4, 1)),
        (datetime(2026, 9, 30, 23, 59, tzinfo=UTC), "2026-Q3", (2026, 10, 1)),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), "2026-Q4", (2027, 1, 1)),
    ],
)
def test_quarters_are_those_of_the_calendar(at: datetime, named: str, resets: tuple[int, int, int]) -> None:
    entry = BudgetEntry(new_id(), new_id(), "team", new_id(), "the budget", 100, "quarter")
    assert spending.period_of(entry, "UTC", at) == (named, datetime(*resets, tzinfo=ZoneInfo("UTC")))
