"""Pulling changes by visibility: what a worker's last database snapshot did not see and the present one does.

Order by sequence would lose the rows of a slow transaction that commits late; waiting for it would delay
everyone. `pg_visible_in_snapshot` (PostgreSQL 13+) does neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from governance.snapshot import section
from tenants import snapshot as tenants
from tenants.snapshot import GATEWAY

CHANNEL = "chancery_snapshot"
LOADERS: dict[str, Callable[[tenants.Ids], Iterator[Any]]] = {**tenants.SECTION, **section.SECTION}

_PULL = """
SELECT id, kind, object_id, at FROM governance_snapshot_change
WHERE xid >= pg_snapshot_xmin(%(seen)s::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, %(seen)s::pg_snapshot)
"""


@dataclass(frozen=True, slots=True)
class Delta:
    """Entries to put in place, by kind and id; `None` removes. `seen` is what the next pull starts from.

    `version` is the highest change number in it, 0 for none; `oldest_at` is when the first of them was made.
    """

    seen: str
    version: int
    oldest_at: datetime | None = None
    entries: dict[str, dict[UUID, Any]] = field(default_factory=dict)


def load_all() -> Delta:
    """Everything there is, in one consistent view."""
    with _one_view() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text, coalesce(max(id), 0) FROM governance_snapshot_change")
        seen, version = cursor.fetchone()
        entries = {kind: {entry.id: entry for entry in load(None)} for kind, load in LOADERS.items()}
    return Delta(seen, version, None, entries)


def pull(seen: str) -> Delta:
    """What has changed since `seen`, each object once, as it is now."""
    with _one_view() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        (now_seen,) = cursor.fetchone()
        cursor.execute(_PULL, {"seen": seen})
        changes = cursor.fetchall()
        if not changes:
            return Delta(now_seen, 0)
        touched: dict[str, set[UUID]] = {}
        for _, kind, object_id, _ in changes:
            touched.setdefault(kind, set()).add(object_id)
        entries = {kind: _reload(kind, ids) for kind, ids in touched.items()}
    return Delta(now_seen, max(row[0] for row in changes), min(row[3] for row in changes), entries)


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
