"""Usage by the quarter hour, kept up with what is settled. The sums are in `audit.models.usage`.

Counting goes by transaction, not by time: a settlement that is committed late, or imported, is counted as soon as it is
there. See docs/adr/0021-rollups-by-commit-visibility.md.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connections

from audit.models import UsageCursor

_ROLL_UP = "SELECT audit_roll_up_usage()"
_REBUILD = "SELECT audit_rebuild_usage(%s)"
_SETTLED_SINCE = """
SELECT organization_id FROM audit_settlement
WHERE xid >= pg_snapshot_xmin(%(seen)s::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, %(seen)s::pg_snapshot)
UNION
SELECT organization_id FROM audit_correction
WHERE xid >= pg_snapshot_xmin(%(seen)s::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, %(seen)s::pg_snapshot)
"""
_ERASE = "SELECT audit_erase_usage(%s, %s)"


def roll_up(*, using: str = "system") -> None:
    """Returns when all that was committed before the call is counted, what is to be rebuilt included."""
    with connections[using].cursor() as cursor:
        more = True
        while more:
            cursor.execute(_ROLL_UP)
            [more] = cursor.fetchone()


def seen(*, using: str = "system") -> str:
    """The snapshot of the database that is counted, for `settled_since`."""
    return UsageCursor.objects.using(using).get().seen


def settled_since(seen: str, *, using: str = "system") -> set[UUID]:
    """The organisations of whose calls the snapshot does not show everything."""
    with connections[using].cursor() as cursor:
        cursor.execute(_SETTLED_SINCE, {"seen": seen})
        return {organization for (organization,) in cursor.fetchall()}


def rebuild(since: datetime, *, using: str = "system") -> None:
    """Counts afresh what came in since then. What is interrupted is gone on with by the next `roll_up`."""
    with connections[using].cursor() as cursor:
        cursor.execute(_REBUILD, [since])
    roll_up(using=using)


def erase(*, organization_id: UUID, subject_id: UUID, using: str = "system") -> int:
    """Adds what an end user cost to what forgotten ones did, and counts the rows; the system role alone may.

    For the transaction that ends the subject: nothing is counted for one that is not there.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(_ERASE, [organization_id, subject_id])
        folded: int = cursor.fetchone()[0]
    return folded


def as_of() -> datetime:
    """All that was settled by then is counted."""
    return UsageCursor.objects.get().rolled_up_at
