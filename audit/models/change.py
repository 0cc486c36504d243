"""What a governed row said before and after a change."""

from __future__ import annotations

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from audit.choices import Operation
from audit.models.record import TransactionId
from kit.ids import new_id
from kit.tenant_owned import ScopedManager


class Change(models.Model):
    """One insert, update or delete of one governed row, written by a trigger (`audit.history.capture`).

    `before` and `after` map the columns that changed to their values, as PostgreSQL's `to_jsonb` writes them in UTC;
    `secret` names those whose values are kept nowhere. `parent_id` is what the row is a part of, such as the route of
    a candidate. The act that made the change has the same `xid`. `actor_kind` is `role` where no scope was entered:
    the change was made past the application, and `database_role` is all that is known. One that was refused has no
    values: the row says from where it was tried (`audit.history.refusals`).

    Unlike the ledger it can be emptied (`audit.history.erasure`): values and addresses may be personal data.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization_id = models.UUIDField()
    team_id = models.UUIDField(null=True)
    object_kind = models.TextField()
    object_id = models.UUIDField()
    parent_id = models.UUIDField(null=True)
    operation = models.TextField(choices=Operation.choices)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    secret = ArrayField(models.TextField())
    actor_kind = models.TextField()
    actor_id = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    request_id = models.UUIDField(null=True)
    database_role = models.TextField()
    xid = TransactionId()
    at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_history"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(operation__in=Operation.values), name="history_operation_is_known"),
        ]
        indexes = [
            models.Index(fields=["object_id", "id"], name="history_of_object"),
            models.Index(fields=["parent_id", "id"], condition=Q(parent_id__isnull=False), name="history_of_parts"),
            models.Index(fields=["xid"], name="history_of_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} of {self.object_kind} {self.object_id}"
