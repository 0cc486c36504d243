"""Pulling changes by visibility: what a worker's last database snapshot did not see and the present one does.

Order by sequence would lose the rows of a slow transaction that commits late; waiting for it would delay
everyone. `pg_visible_in_snapshot` (PostgreSQL 13+) does neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from governance.snapshot import section
from tenants import snapshot as tenants
from tenants.snapshot import GATEWAY

CHANNEL = "chancery_snapshot"
LOADERS: dict[str, Callable[[tenants.Ids], Iterator[Any]]] = {**tenants.SECTION, **section.SECTION}

# A server that crashed may give out again the numbers of transactions whose commit never reached the disk. What they
# change then looks as if it had been seen. Commits that do not wait for the disk reach it within a second.
_DOUBTED = timedelta(minutes=5)
_LOOK = "SELECT pg_current_snapshot()::text, clock_timestamp()"
_PULL = """
SELECT id, kind, object_id, at, xid >= pg_snapshot_xmin(seen) AND NOT pg_visible_in_snapshot(xid, seen) AS is_new
FROM governance_snapshot_change CROSS JOIN (SELECT %(seen)s::pg_snapshot AS seen) AS last
WHERE xid >= pg_snapshot_xmin(%(seen)s::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, seen) OR at > %(since)s
"""


@dataclass(frozen=True, slots=True)
class Delta:
    """Entries to put in place, by kind and id; `None` removes. `seen`, at the database's time `at`, is what the next
    pull starts from.

    `version` is the highest change number in it, 0 for none; `oldest_at` is when the first of them was made.
    """

    seen: str
    at: datetime
    version: int
    oldest_at: datetime | None = None
    entries: dict[str, dict[UUID, Any]] = field(default_factory=dict)


def load_all() -> Delta:
    """Everything there is, in one consistent view."""
    with _one_view() as cursor:
        cursor.execute(_LOOK)
        seen, at = cursor.fetchone()
        cursor.execute("SELECT coalesce(max(id), 0) FROM governance_snapshot_change")
        (version,) = cursor.fetchone()
        entries = {kind: {entry.id: entry for entry in load(None)} for kind, load in LOADERS.items()}
    return Delta(seen, at, version, None, entries)


def pull(last: Delta, *, doubting: bool = False) -> Delta:
    """What has changed since `last`, each object once, as it is now.

    `doubting`, after the connection was lost: also what was changed shortly before, seen or not.
    """
    with _one_view() as cursor:
        cursor.execute(_LOOK)
        seen, at = cursor.fetchone()
        cursor.execute(_PULL, {"seen": last.seen, "since": last.at - _DOUBTED if doubting else None})
        changes = cursor.fetchall()
        touched: dict[str, set[UUID]] = {}
        for _, kind, object_id, _, _ in changes:
            touched.setdefault(kind, set()).add(object_id)
        entries = {kind: _reload(kind, ids) for kind, ids in touched.items()}
    new = [(number, changed_at) for number, _, _, changed_at, is_new in changes if is_new]
    version = max((number for number, _ in new), default=0)
    return Delta(seen, at, version, min((changed_at for _, changed_at in new), default=None), entries)


def _reload(kind: str, ids: set[UUID]) -> dict[UUID, Any]:
    found: dict[UUID, Any] = dict.fromkeys(ids)
    found.update((entry.id, entry) for entry in LOADERS[kind](ids))
    return found


@contextmanager
def _one_view() -> Iterator[Any]:
    """A repeatable-read transaction on the gateway's connection: the snapshot named is the snapshot read."""
    with transaction.atomic(using=GATEWAY), connections[GATEWAY].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield cursor
