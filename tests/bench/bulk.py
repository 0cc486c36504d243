"""Fills a ledger with millions of records, as months of traffic would have left them.

The owner's role inserts them, in ascending order of id as in life; no trigger or constraint is switched off.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from uuid import UUID

import psycopg

from tests.bench.output import say

_BATCH = 250_000
_SPAN_MS = 7 * 24 * 3600 * 1000

# 704 bytes of envelope, about as long as a real one. Ids are UUIDv7: 48 bits of milliseconds, then the same tail for
# all ids of a request.
_RECORDS = """
INSERT INTO audit_record (
    id, organization_id, team_id, request_id, kind, action, actor_kind, actor_id, at, xid, envelope)
SELECT (lpad(to_hex(ms + later), 12, '0') || tail)::uuid, %(organization_id)s, %(team_id)s,
       (lpad(to_hex(ms), 12, '0') || tail)::uuid, kind, 'inference.' || kind, 'api_key', %(api_key_id)s,
       to_timestamp((ms + later) / 1000.0), pg_current_xact_id(), decode(repeat(md5(number::text), 44), 'hex')
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS number
CROSS JOIN LATERAL (
    SELECT %(since_ms)s::bigint + number * %(step_ms)s::bigint AS ms, '70008' || left(md5(number::text), 15) AS tail
) AS request
CROSS JOIN (VALUES ('requested', 0), ('completed', 1)) AS part (kind, later)
"""

_SETTLEMENTS = """
INSERT INTO audit_settlement (
    request_id, organization_id, team_id, project_id, api_key_id, outcome_record_id, model, outcome, estimated,
    input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_nano_usd, held_nano_usd, admitted_at,
    settled_at, budgets)
SELECT (lpad(to_hex(ms), 12, '0') || tail)::uuid, %(organization_id)s, %(team_id)s, %(project_id)s, %(api_key_id)s,
       (lpad(to_hex(ms + 1), 12, '0') || tail)::uuid, %(model)s, 'completed', false, 236, 0, 48, 0, 64200, 189000,
       to_timestamp(ms / 1000.0), to_timestamp((ms + 1) / 1000.0), '{}'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS number
CROSS JOIN LATERAL (
    SELECT %(since_ms)s::bigint + number * %(step_ms)s::bigint AS ms, '70008' || left(md5(number::text), 15) AS tail
) AS request
"""


@dataclass(frozen=True, slots=True)
class Past:
    """Whose traffic it was."""

    organization_id: UUID
    team_id: UUID
    project_id: UUID
    api_key_id: UUID
    model: str


def write_records(owner_url: str, past: Past, records: int) -> None:
    """Adds that many records, two and a settlement for each request, over the last week up to an hour ago."""
    requests = records // 2
    since_ms = int(time.time() * 1000) - 3_600_000 - _SPAN_MS
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("SET ROLE chancery_owner")
        for first in range(0, requests, _BATCH):
            batch = asdict(past) | {
                "first": first,
                "last": min(first + _BATCH, requests) - 1,
                "since_ms": since_ms,
                "step_ms": max(2, _SPAN_MS // requests),
            }
            with connection.transaction():
                connection.execute(_RECORDS, batch)
                connection.execute(_SETTLEMENTS, batch)
            say(f"{2 * (batch['last'] + 1):,} records written")
        say("rolling them up, as the timetable does every minute")
        while connection.execute("SELECT audit_roll_up()").fetchone() == (True,):
            pass
        # Or autovacuum does it in the middle of the measurement.
        connection.execute("VACUUM (ANALYZE) audit_record, audit_settlement")
