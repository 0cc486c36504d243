"""Requests whose process died with them open. They are settled at what they held, so that no call that may have been
paid for is hidden, and no money stays held for ever.

An orphan is not a long call: its writer has been silent for `SILENT_FOR`, while PostgreSQL itself was there to be
written to. Should the writer have been alive after all, its outcome becomes a correction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connections, transaction

from audit.ledger.closing import orphaned
from audit.ledger.rows import Columns, Hold, OutcomeRow, encoded

SILENT_FOR = timedelta(seconds=30)

_DEAD = """
    SELECT id FROM audit_writer
    WHERE seen_at < clock_timestamp() - %(silent_for)s
      AND pg_postmaster_start_time() < clock_timestamp() - %(silent_for)s
    ORDER BY seen_at"""
# From the oldest request the writer had open at its last beat; what it wrote after that beat has a newer id, less the
# five minutes that an id's time may be off. See audit_oldest_open.
_ORPHANS = """
    SELECT requested.id, requested.organization_id, requested.team_id, requested.envelope, requested.hold::text,
           clock_timestamp()
    FROM audit_record AS requested
    WHERE requested.kind = 'requested' AND requested.writer = %(writer)s
      AND requested.id >= (
          SELECT least(oldest_open_id, audit_first_id(seen_at - interval '5 minutes'))
          FROM audit_writer WHERE id = %(writer)s)
      AND NOT EXISTS (SELECT FROM audit_settlement AS settled WHERE settled.request_id = requested.id)
    ORDER BY requested.id LIMIT %(at_most)s"""
_APPEND = "SELECT id FROM audit_append(%s, %s, %s::bytea[], %s, %s, %s::bytea[])"
_FORGET = "DELETE FROM audit_writer WHERE id = %s"


@dataclass(frozen=True, slots=True)
class SettledOrphan:
    """What its counters are to be settled with: all that was held."""

    request_id: UUID
    organization_id: UUID
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int


def settle_orphans(*, silent_for: timedelta = SILENT_FOR, at_most: int = 500, using: str) -> list[SettledOrphan]:
    """Settles up to `at_most` orphans of each dead writer and returns those that nobody had settled before.

    A writer is forgotten once it has no orphan left. `using` is the system role's database alias.
    """
    settled: list[SettledOrphan] = []
    for writer in _dead_writers(silent_for, using):
        with transaction.atomic(using=using):
            orphans = _orphans_of(writer, at_most, using)
            settled += _append(writer, orphans, using)
            if len(orphans) < at_most:
                _execute(using, _FORGET, [writer])
    return settled


def _dead_writers(silent_for: timedelta, using: str) -> list[UUID]:
    return [writer for (writer,) in _execute(using, _DEAD, {"silent_for": silent_for})]


def _orphans_of(writer: UUID, at_most: int, using: str) -> list[OutcomeRow]:
    found = _execute(using, _ORPHANS, {"writer": writer, "at_most": at_most})
    return [
        orphaned(request_id, organization_id, team_id, Hold.stored(orjson.loads(hold)), bytes(envelope), at=now)
        for request_id, organization_id, team_id, envelope, hold, now in found
    ]


def _append(writer: UUID, orphans: list[OutcomeRow], using: str) -> list[SettledOrphan]:
    if not orphans:
        return []
    columns = Columns.of([encoded(orphan) for orphan in orphans])
    arguments = [
        writer,
        columns.records.decode(),
        columns.envelopes,
        columns.settlements.decode(),
        columns.bodies.decode(),
        columns.ciphertexts,
    ]
    too_late = {record_id for (record_id,) in _execute(using, _APPEND, arguments)}
    return [
        SettledOrphan(
            orphan.request_id,
            orphan.organization_id,
            (hold := orphan.settlement.hold).input_tokens,
            hold.tokens - hold.input_tokens,
            orphan.settlement.cost_nano_usd,
        )
        for orphan in orphans
        if orphan.id not in too_late and orphan.settlement is not None
    ]


def _execute(using: str, query: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall()) if cursor.description else []
