"""Runs of probes as the database keeps them: taken by one process, given up by one that dies, ended once.

How it is with a run is compared where it is changed, so that of two processes one has it. A run is of whoever took it
last: one that was thought dead ends nothing any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from governance.models.evaluation import MOST_ATTEMPTS, MOST_CASES
from governance.snapshot.acknowledge import SILENT_AFTER
from kit.ids import new_id

WORKER_LOST = "worker_lost"
# Waits; or was left by a process that is dead, or by this one, which asks for another only when it has none.
_LEFT = f"""(status = 'queued' OR status = 'running' AND (claimed_by = %(process)s OR NOT EXISTS (
    SELECT FROM governance_gatewayprocess p WHERE p.id = claimed_by
    AND p.heartbeat_at > now() - interval '{SILENT_AFTER.total_seconds():g} seconds')))"""
_CLAIM = f"""
UPDATE governance_evaluationrun run
SET status = 'running', claimed_by = %(process)s, attempts = attempts + 1, started_at = coalesce(started_at, %(now)s)
FROM governance_evaluationplan plan, governance_model model
WHERE run.id = (
    SELECT id FROM governance_evaluationrun WHERE {_LEFT} AND attempts < {MOST_ATTEMPTS}
    ORDER BY queued_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
AND plan.id = run.plan_id AND model.id = plan.model_id
RETURNING run.id, run.organization_id, model.slug AS model, plan.api_key_id
"""  # noqa: S608 - text of ours
_GIVE_UP = f"""
UPDATE governance_evaluationrun SET status = 'failed', failure_code = '{WORKER_LOST}', ended_at = %(now)s
WHERE status = 'running' AND attempts >= {MOST_ATTEMPTS} AND {_LEFT}
"""  # noqa: S608 - text of ours
_CASES = f"""
SELECT c.id, c.prompt, c.expectation, c.expected
FROM governance_evaluationrun run JOIN governance_evaluationcase c ON c.plan_id = run.plan_id
WHERE run.id = %s AND c.added_at <= run.queued_at AND coalesce(c.retired_at > run.queued_at, true)
AND NOT EXISTS (SELECT FROM governance_evaluationresult r WHERE r.run_id = run.id AND r.case_id = c.id)
ORDER BY c.name, c.id LIMIT {MOST_CASES}
"""  # noqa: S608 - text of ours
_RESULT = """
INSERT INTO governance_evaluationresult (id, organization_id, run_id, case_id, passed, request_id, code)
SELECT %s, organization_id, id, %s, %s, %s, %s FROM governance_evaluationrun
WHERE id = %s AND status = 'running' AND claimed_by = %s
"""
_END = """
UPDATE governance_evaluationrun SET status = %s, failure_code = %s, ended_at = %s
WHERE id = %s AND status = 'running' AND claimed_by = %s
"""


@dataclass(frozen=True, slots=True)
class Run:
    """`model` is the name it is called by."""

    id: UUID
    organization_id: UUID
    model: str
    api_key_id: UUID


@dataclass(frozen=True, slots=True)
class Case:
    id: UUID
    prompt: str
    expectation: str
    expected: str


@dataclass(frozen=True, slots=True)
class Result:
    """`code` says why a case did not pass."""

    case_id: UUID
    passed: bool
    request_id: UUID
    code: str = ""


class RunLost(Exception):
    """Another process has taken the run over."""


class Queue:
    """As one process sees it, over one connection of its own that commits each statement."""

    def __init__(self, connection: psycopg.AsyncConnection, process_id: UUID) -> None:
        self._connection = connection
        self._process_id = process_id

    async def claim(self, now: datetime) -> Run | None:
        """The run that has waited longest, which is this process's from then on."""
        terms = {"process": self._process_id, "now": now}
        await self._connection.execute(_GIVE_UP, terms)
        cursor = self._connection.cursor(row_factory=class_row(Run))
        await cursor.execute(_CLAIM, terms)
        return await cursor.fetchone()

    async def cases(self, run: Run) -> list[Case]:
        """Those that were not answered yet, in the order of their names."""
        cursor = self._connection.cursor(row_factory=class_row(Case))
        await cursor.execute(_CASES, [run.id])
        return await cursor.fetchall()

    async def note(self, run: Run, result: Result) -> None:
        """Raises `RunLost`."""
        values = [new_id(), result.case_id, result.passed, result.request_id, result.code]
        await self._change(_RESULT, [*values, run.id, self._process_id])

    async def end(self, run: Run, now: datetime, failure_code: str = "") -> None:
        """Done, unless it failed for some reason. Raises `RunLost`."""
        status = "failed" if failure_code else "done"
        await self._change(_END, [status, failure_code, now, run.id, self._process_id])

    async def _change(self, statement: str, values: list[object]) -> None:
        cursor = await self._connection.execute(statement.encode(), values)
        if not cursor.rowcount:
            raise RunLost
