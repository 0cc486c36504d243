"""Of all schedulers one sends, and another when that one is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal import variables
from portal.beat import LeaderScheduler
from portal.celery import app


class Counting(LeaderScheduler):
    """Counts what it would send."""

    sent = 0

    def apply_async(self, *args: object, **options: object) -> None:
        self.sent += 1


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Counting, Counting]]:
    app.loader.import_default_modules()
    found = tuple(Counting(app, schedule_filename=str(tmp_path / name)) for name in ("one", "two"))
    for scheduler in found:
        for entry in scheduler.schedule.values():
            entry.last_run_at = entry.last_run_at.replace(year=2020)  # all are due
    yield found[0], found[1]
    for scheduler in found:
        scheduler.close()


def test_one_of_two_sends_and_the_other_takes_over(two: tuple[Counting, Counting]) -> None:
    first, second = two
    for _ in range(20):
        first.tick()
        assert second.tick() == 5.0
    assert first.sent >= len(app.conf.beat_schedule)
    assert second.sent == 0
    first.close()
    for _ in range(20):
        second.tick()
    assert second.sent >= len(app.conf.beat_schedule)


def test_a_leader_whose_session_ends_is_no_leader_until_it_is_elected_again(two: tuple[Counting, Counting]) -> None:
    first, second = two
    first.tick()
    with psycopg.connect(variables.DATABASE_URL_SYSTEM.read(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chancery-beat'")
    assert first.tick() == 5.0
    second.tick()
    assert second.sent
    assert first.tick() == 5.0
