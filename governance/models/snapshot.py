"""How a change of policy reaches the gateway's workers, and how it is known that it has."""

from __future__ import annotations

from django.db import models

from kit.tenant_owned import Identified


class SnapshotChange(models.Model):
    """One changed object, written by triggers in the transaction that changed it.

    `xid` is that transaction: a worker pulls the rows its last snapshot did not see, so a slow transaction
    is neither lost nor waited for.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=32)
    object_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "governance_snapshot_change"

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class GatewayProcess(Identified):
    """A gateway worker, its heartbeat and what it decides by. Not of any tenant."""

    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    snapshot_version = models.BigIntegerField(default=0)
    seen = models.TextField(
        default="1:1:", help_text="PostgreSQL's snapshot that it decides by; at first one of nothing."
    )

    class Meta:
        ordering = ["-started_at"]
        verbose_name_plural = "gateway processes"

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class SnapshotAcknowledgement(models.Model):
    """A worker's word that it decides by a change from now on: propagation as a measured fact."""

    id = models.BigAutoField(primary_key=True)
    process = models.ForeignKey(GatewayProcess, on_delete=models.CASCADE, related_name="acknowledgements")
    version = models.BigIntegerField()
    changes = models.PositiveIntegerField()
    lag_ms = models.PositiveIntegerField(help_text="From the oldest of these changes to the worker's deciding by it.")
    acknowledged_at = models.DateTimeField()
    seen = models.TextField(default="1:1:", help_text="PostgreSQL's snapshot that it decides by from then on.")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["acknowledged_at"], name="acknowledgement_by_time")]

    def __str__(self) -> str:
        return f"{self.process} at {self.version} after {self.lag_ms} ms"
