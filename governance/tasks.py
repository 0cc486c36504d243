"""What Celery does for governance."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.db import connections

from governance.models import GatewayProcess
from kit import clock

KEPT = timedelta(hours=6)


@shared_task  # type: ignore[untyped-decorator]
def prune_snapshot_changes() -> int:
    """Drops changes that every living worker has long taken in, and processes gone for days. Gives the number dropped.

    A worker looks again every second, so one that missed changes this old has stopped deciding long before.
    """
    now = clock.now()
    with connections["system"].cursor() as cursor:
        cursor.execute("DELETE FROM governance_snapshot_change WHERE at < %s", [now - KEPT])
        dropped: int = cursor.rowcount
    GatewayProcess.objects.using("system").filter(started_at__lt=now - timedelta(days=7)).filter(
        heartbeat_at__lt=now - timedelta(days=1)
    ).delete()
    return dropped
