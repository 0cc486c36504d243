"""How long an act took to reach the workers: from its record until each of them decided by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

# The first word of each worker that ran then and that saw the act's transaction. One that was silent for longer than
# a minute had stopped deciding by then.
_FIRST_WORDS = """
SELECT act.id, count(*), max(word.lag_ms), (array_agg(word.worker ORDER BY word.lag_ms DESC))[1]
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS act (id, xid, at)
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (process.id) process.host || ':' || process.pid AS worker,
           greatest(0, extract(epoch FROM said.acknowledged_at - act.at) * 1000)::int AS lag_ms
    FROM governance_snapshotacknowledgement AS said
    JOIN governance_gatewayprocess AS process ON process.id = said.process_id AND process.started_at <= act.at
    WHERE said.acknowledged_at BETWEEN act.at - interval '1 minute' AND act.at + interval '1 minute'
      AND pg_visible_in_snapshot(act.xid::xid8, said.seen::pg_snapshot)
    ORDER BY process.id, said.id
) AS word
GROUP BY act.id
"""


@dataclass(frozen=True, slots=True)
class Act:
    """A record of the ledger: its transaction, and when it was made."""

    id: UUID
    xid: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Propagation:
    """`slowest_ms` is of the worker that came last, which `slowest` names as host and process number."""

    workers: int
    slowest_ms: int
    slowest: str


def of(acts: Sequence[Act]) -> dict[UUID, Propagation]:
    """By act. One that no worker has spoken of yet, or that is older than what is kept of workers, is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_WORDS, [[a.id for a in acts], [a.xid for a in acts], [a.at for a in acts]])
        return {identifier: Propagation(*told) for identifier, *told in cursor.fetchall()}
