"""A gateway process makes itself known, shows that it lives, and says what it decides by."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from governance.models import GatewayProcess, SnapshotAcknowledgement
from governance.snapshot.changes import Delta
from tenants.snapshot import GATEWAY

SILENT_AFTER = timedelta(seconds=15)


def introduce(process_id: UUID, *, version: int, now: datetime) -> None:
    """A new process, about to serve."""
    GatewayProcess.objects.using(GATEWAY).create(
        id=process_id,
        host=socket.gethostname(),
        pid=os.getpid(),
        started_at=now,
        heartbeat_at=now,
        snapshot_version=version,
    )


def beat(process_id: UUID, *, now: datetime) -> None:
    """Still alive: what pages show. Whose calls are orphans is decided by the ledger's own heartbeat."""
    GatewayProcess.objects.using(GATEWAY).filter(id=process_id).update(heartbeat_at=now)


def acknowledge(process_id: UUID, delta: Delta, *, now: datetime) -> None:
    """The process decides by this delta since `now`."""
    oldest = delta.oldest_at or now
    SnapshotAcknowledgement.objects.using(GATEWAY).create(
        process_id=process_id,
        version=delta.version,
        changes=sum(len(entries) for entries in delta.entries.values()),
        lag_ms=max(0, int((now - oldest).total_seconds() * 1000)),
        acknowledged_at=now,
    )
    GatewayProcess.objects.using(GATEWAY).filter(id=process_id).update(snapshot_version=delta.version)


def living(at: datetime, *, using: str) -> QuerySet[GatewayProcess]:
    """Processes heard of lately."""
    return GatewayProcess.objects.using(using).filter(heartbeat_at__gt=at - SILENT_AFTER)
