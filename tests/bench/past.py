"""Months of traffic in the books: settlements, and for the newest of them the records that a list of requests shows.

Ids are UUIDv7 in ascending order over 30 days up to now, with the same tail for all of a request. The owner's role
inserts; no trigger or constraint is switched off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg

from tests.bench.output import say

DAYS = 30
_BATCH = 250_000

# One of the keys, of whose project and team it is; each key calls three of the models. 2 % fail.
_MOMENTS: LiteralString = """
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS number
CROSS JOIN LATERAL (
    SELECT (%(since_ms)s + number * %(step_ms)s)::bigint AS ms, '70008' || left(md5(number::text), 15) AS tail,
           1 + (number %% cardinality(%(keys)s::uuid[]))::integer AS key,
           ('x' || left(md5(number::text || 'chance'), 6))::bit(24)::integer AS chance) AS moment
CROSS JOIN LATERAL (
    SELECT 1 + (key + chance %% 3) %% cardinality(%(models)s::text[]) AS model, chance %% 50 = 0 AS has_failed,
           (lpad(to_hex(ms), 12, '0') || tail)::uuid AS request,
           (lpad(to_hex(ms + 1), 12, '0') || tail)::uuid AS outcome) AS call
"""
_SETTLEMENTS: LiteralString = (
    """
INSERT INTO audit_settlement (
    request_id, organization_id, team_id, project_id, api_key_id, deployment_id, provider_id, outcome_record_id, model,
    outcome, error, estimated, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_nano_usd,
    held_nano_usd, admitted_at, settled_at, budgets, tags, latency_ms, first_event_ms)
SELECT request, %(organization)s, (%(teams)s::uuid[])[key], (%(projects)s::uuid[])[key], (%(keys)s::uuid[])[key],
       (%(deployments)s::uuid[])[model], (%(providers)s::uuid[])[model], outcome, (%(models)s::text[])[model],
       CASE WHEN has_failed THEN 'failed' ELSE 'completed' END, CASE WHEN has_failed THEN 'server_error' END, false,
       236, 100, 48, 0, 64200 * model, 189000, to_timestamp(ms / 1000.0), to_timestamp(ms / 1000.0), '{}',
       ARRAY['tag-' || key %% 20], (300 * exp(3 * chance / 16777216.0))::integer,
       (50 * exp(2 * chance / 16777216.0))::integer
"""
    + _MOMENTS
)
_RECORDS: LiteralString = (
    """
INSERT INTO audit_record (
    id, organization_id, team_id, request_id, kind, action, actor_kind, actor_id, at, xid, envelope)
SELECT CASE part WHEN 'requested' THEN request ELSE outcome END, %(organization)s, (%(teams)s::uuid[])[key], request,
       part, 'inference.' || part, 'api_key', (%(keys)s::uuid[])[key], to_timestamp(ms / 1000.0), pg_current_xact_id(),
       convert_to(rpad('{"decided": {"model": "' || (%(models)s::text[])[model]
                       || '", "approval": null}, "latency_us": {"dispatch": 9}, "filler": "', 700, 'x') || '"}', 'UTF8')
"""
    + _MOMENTS
    + """
CROSS JOIN LATERAL (VALUES ('requested'), (CASE WHEN has_failed THEN 'failed' ELSE 'completed' END)) AS one (part)"""
)


def write(owner: psycopg.Connection, seeded: Mapping[str, Any], *, requests: int, listed: int) -> None:
    """So many settlements; the newest `listed` of the requests have their two records."""
    owner.execute("SELECT audit_make_partitions(now() - make_interval(days => %s), now())", [DAYS + 1])
    span_ms = DAYS * 86_400_000
    row = owner.execute("SELECT (extract(epoch FROM now()) * 1000)::bigint").fetchone()
    assert row is not None
    names = ("organization", "teams", "projects", "keys", "models", "deployments", "providers")
    of_all = {name: seeded[name] for name in names} | {
        "since_ms": row[0] - span_ms,
        "step_ms": span_ms / requests,
    }
    for first in range(0, requests, _BATCH):
        last = min(first + _BATCH, requests) - 1
        owner.execute(_SETTLEMENTS, of_all | {"first": first, "last": last})
        begin = max(first, requests - listed)
        if begin <= last:
            owner.execute(_RECORDS, of_all | {"first": begin, "last": last})
        say(f"{last + 1:,} settlements written")
    owner.execute("VACUUM (ANALYZE) audit_record, audit_settlement")


def count(system: psycopg.Connection) -> None:
    """Rolls them up as the timetable does."""
    for function in ("audit_roll_up_usage", "audit_roll_up"):
        more = True
        while more:
            [more] = system.execute(f"SELECT {function}()").fetchone() or [False]
