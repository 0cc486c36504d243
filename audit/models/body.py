"""Content, encrypted and apart from the records, with a life of its own."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models

from audit.choices import Part
from kit.ids import new_id
from kit.tenant_owned import ScopedManager


class Body(models.Model):
    """A prompt or an answer under a data key, bound to its record (see `audit.vault.bodies`)."""

    pk = models.CompositePrimaryKey("record_id", "part")
    record_id = models.UUIDField()
    part = models.TextField(choices=Part.choices)
    organization_id = models.UUIDField()
    team_id = models.UUIDField(null=True)
    data_key_id = models.UUIDField()
    ciphertext = models.BinaryField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_body"
        constraints = [
            models.CheckConstraint(condition=models.Q(part__in=Part.values), name="body_part_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.record_id}"


class DataKey(models.Model):
    """The key of an organisation's bodies of one day, or of one subject's, wrapped under the tenant's key.

    Without the tenant key, which lives in a keystore apart, `wrapped` opens nothing.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization_id = models.UUIDField()
    subject_id = models.UUIDField(null=True)
    period = models.TextField()
    wrapped = models.BinaryField()
    tenant_key_version = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager()
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_data_key"
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "subject_id", "period"],
                name="data_key_once_per_period",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"data key {self.id} of {self.period}"


class Subject(models.Model):
    """A person who is called for, as a random id. `digest` is keyed (see `audit.vault.keys.subject_digest`)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization_id = models.UUIDField()
    digest = models.BinaryField()
    created_at = models.DateTimeField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager()
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_subject"
        constraints = [models.UniqueConstraint(fields=["organization_id", "digest"], name="subject_once")]

    def __str__(self) -> str:
        return f"subject {self.id}"
