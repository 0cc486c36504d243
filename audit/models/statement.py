"""What an organisation or a team has spent in a month, as it was closed."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models

from kit.tenant_owned import ScopedManager


class Statement(models.Model):
    """Never changed: what is found out after it was closed is a correction in the next one.

    `owner_id` is the team whose statement it is, or the organisation. `content` is `audit.usage.statements.Stated`,
    `digest` the SHA-256 of its canonical form, in hex, which the record of its closing holds too. Money in nano-USD.
    """

    id = models.UUIDField(primary_key=True)
    organization_id = models.UUIDField()
    owner_id = models.UUIDField()
    month = models.DateField()
    time_zone = models.TextField()
    closed_at = models.DateTimeField()
    content = models.JSONField()
    digest = models.TextField()
    spent_nano_usd = models.BigIntegerField()
    corrected_nano_usd = models.BigIntegerField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="owner_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_statement"
        ordering = ["-month", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "owner_id", "month"], name="statement_once_a_month"),
        ]

    def __str__(self) -> str:
        return f"Statement of {self.month:%B %Y}"

    @property
    def is_of_organization(self) -> bool:
        return self.owner_id == self.organization_id

    @property
    def total_nano_usd(self) -> int:
        return self.spent_nano_usd + self.corrected_nano_usd
