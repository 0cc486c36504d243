"""A gateway process makes itself known, shows that it lives, and says what it decides by."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from governance.models import GatewayProcess, SnapshotAcknowledgement
from governance.snapshot.changes import Delta
from tenants.snapshot import GATEWAY

SILENT_AFTER = timedelta(seconds=15)
# Between a look at the database and the word about it.
_MARGIN = timedelta(seconds=5)

# By visibility, as changes are pulled: numbers say nothing of a slow transaction.
_MISSES = """EXISTS (
    SELECT FROM governance_snapshot_change AS change
    WHERE change.xid >= pg_snapshot_xmin(governance_gatewayprocess.seen::pg_snapshot)
      AND NOT pg_visible_in_snapshot(change.xid, governance_gatewayprocess.seen::pg_snapshot)
      AND (change.object_id = %s OR %s))"""


def introduce(process_id: UUID, delta: Delta, *, now: datetime) -> None:
    """A new process, about to serve by `delta`.

    That it lives is told in the database's time, which all share: one whose own clock is wrong is waited for as well.
    """
    GatewayProcess.objects.using(GATEWAY).create(
        id=process_id,
        host=socket.gethostname(),
        pid=os.getpid(),
        started_at=now,
        heartbeat_at=Now(),
        snapshot_version=delta.version,
        seen=delta.seen,
    )


def beat(process_id: UUID, *, seen: str, version: int) -> int:
    """Still alive, and deciding by what `seen` shows. Whose calls are orphans is the ledger's own affair.

    Returns how many processes live, this one included.
    """
    processes = GatewayProcess.objects.using(GATEWAY)
    processes.filter(id=process_id).update(heartbeat_at=Now(), seen=seen, snapshot_version=version)
    return processes.filter(heartbeat_at__gt=Now() - SILENT_AFTER).count()


def acknowledge(process_id: UUID, delta: Delta, *, now: datetime) -> None:
    """The process decides by this delta since `now`."""
    oldest = delta.oldest_at or now
    SnapshotAcknowledgement.objects.using(GATEWAY).create(
        process_id=process_id,
        version=delta.version,
        changes=sum(len(entries) for entries in delta.entries.values()),
        lag_ms=max(0, int((now - oldest).total_seconds() * 1000)),
        acknowledged_at=now,
        seen=delta.seen,
    )


def living(at: datetime, *, using: str) -> QuerySet[GatewayProcess]:
    """Processes heard of lately."""
    return GatewayProcess.objects.using(using).filter(heartbeat_at__gt=at - SILENT_AFTER)


def pending(at: datetime, *, using: str, object_id: UUID | None = None) -> QuerySet[GatewayProcess]:
    """Processes that may still decide without a change (to that object, else any) which this transaction sees.

    With none left the change is in force everywhere. A silent process counts until its snapshot is too old for it to
    decide by: should it wake up later, it refuses until it has caught up.
    """
    silent = timedelta(seconds=settings.SNAPSHOT_MAX_AGE_SECONDS) + _MARGIN
    return GatewayProcess.objects.using(using).filter(_misses(object_id), heartbeat_at__gt=at - silent)


def _misses(object_id: UUID | None) -> RawSQL:
    return RawSQL(_MISSES, [object_id, object_id is None], output_field=BooleanField())  # noqa: S611  text of ours
