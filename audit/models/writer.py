"""What gateway processes leave beside the ledger: their heartbeat, and the epoch of an organisation's counters."""

from __future__ import annotations

from django.db import models


class LiveWriter(models.Model):
    """A gateway process that writes. Silent for long, it is dead, and what it has open is orphaned."""

    id = models.UUIDField(primary_key=True)
    seen_at = models.DateTimeField()
    oldest_open_id = models.UUIDField(null=True)

    class Meta:
        db_table = "audit_writer"

    def __str__(self) -> str:
        return f"writer {self.id}"


class AdmissionEpoch(models.Model):
    """The life of the admission counters that holds are made under. A row admitted under another is refused."""

    organization_id = models.UUIDField(primary_key=True)
    epoch = models.TextField()

    class Meta:
        db_table = "audit_admission_epoch"

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.epoch}"
