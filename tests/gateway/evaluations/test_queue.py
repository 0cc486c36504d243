"""Of several processes one has a run, for as long as it lives; twice at most it is begun."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from gateway.evaluations.queue import Queue, Result, RunLost
from governance.models import EvaluationRun
from kit import clock
from kit.ids import new_id
from tests.support import probes
from tests.support.world import World

_CLEAR = [
    "UPDATE governance_evaluationrun SET status = 'running' WHERE status = 'queued'",
    "UPDATE governance_evaluationrun SET status = 'failed', failure_code = 'left', ended_at = now() "
    "WHERE status = 'running'",
]


@pytest.fixture
def run(world: World) -> EvaluationRun:
    """The only one that waits: what other tests have left is ended."""
    with connections["gateway"].cursor() as cursor:
        for statement in _CLEAR:
            cursor.execute(statement)
    return probes.queue(world, probes.ready(world))


@pytest.fixture
async def connection() -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(settings.GATEWAY_DSN, autocommit=True) as session:
        yield session


_PROCESS = """INSERT INTO governance_gatewayprocess (id, host, pid, started_at, heartbeat_at, snapshot_version, seen)
VALUES (%s, 'here', 1, now(), now() - %s, 0, '1:1:')"""


async def process(connection: psycopg.AsyncConnection, silent: timedelta = timedelta()) -> UUID:
    """A gateway process that was heard of so long ago."""
    identifier = new_id()
    await connection.execute(_PROCESS, [identifier, silent])
    return identifier


async def state(connection: psycopg.AsyncConnection, run: EvaluationRun) -> tuple[str, int | None, str]:
    """Status, how many passed, and why it failed."""
    rows = await connection.execute(
        "SELECT status, passed, failure_code FROM governance_evaluationrun WHERE id = %s", [run.id]
    )
    found = await rows.fetchone()
    assert found is not None
    return found


async def test_one_process_has_it(connection: psycopg.AsyncConnection, run: EvaluationRun) -> None:
    first, second = Queue(connection, await process(connection)), Queue(connection, await process(connection))
    claimed = await first.claim(clock.now())
    assert claimed is not None
    assert claimed.id == run.id
    assert await second.claim(clock.now()) is None


async def test_while_one_takes_it_another_does_not_wait(
    connection: psycopg.AsyncConnection, run: EvaluationRun
) -> None:
    async with await psycopg.AsyncConnection.connect(settings.GATEWAY_DSN) as undecided:
        assert await Queue(undecided, await process(connection)).claim(clock.now())
        assert await Queue(connection, await process(connection)).claim(clock.now()) is None


async def test_one_that_is_silent_loses_it_and_ends_nothing_any_more(
    connection: psycopg.AsyncConnection, run: EvaluationRun
) -> None:
    silent, heir = (
        Queue(connection, await process(connection, timedelta(minutes=1))),
        Queue(connection, await process(connection)),
    )
    lost = await silent.claim(clock.now())
    taken = await heir.claim(clock.now())
    assert lost is not None
    assert lost == taken
    [case] = await silent.cases(lost)
    with pytest.raises(RunLost):
        await silent.note(lost, Result(case.id, True, new_id()))
    with pytest.raises(RunLost):
        await silent.end(lost, clock.now(), "timed_out")
    await heir.note(lost, Result(case.id, True, new_id()))
    await heir.end(lost, clock.now())
    assert await state(connection, run) == ("done", 1, "")


async def test_what_has_killed_two_is_given_up(connection: psycopg.AsyncConnection, run: EvaluationRun) -> None:
    for _ in range(2):
        assert await Queue(connection, await process(connection, timedelta(minutes=1))).claim(clock.now())
    assert await Queue(connection, await process(connection)).claim(clock.now()) is None
    assert await state(connection, run) == ("failed", None, "worker_lost")


async def test_what_broke_off_in_a_living_process_is_begun_there_once_more(
    connection: psycopg.AsyncConnection, run: EvaluationRun
) -> None:
    queue = Queue(connection, await process(connection))
    assert await queue.claim(clock.now())
    assert await queue.claim(clock.now())
    assert await queue.claim(clock.now()) is None
