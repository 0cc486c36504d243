"""The ledger's record."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Func, Q

from audit.choices import Kind
from kit.ids import new_id
from kit.tenant_owned import ScopedManager


class TransactionId(models.Field):  # type: ignore[type-arg]
    """PostgreSQL's 64-bit transaction id. Set by the database alone."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        return "%s::text::xid8"  # of a number it knows no cast

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)


class CurrentTransaction(Func):
    """The number of the transaction that writes."""

    function = "pg_current_xact_id"
    output_field = TransactionId()


class Record(models.Model):
    """One thing that happened: a step of an inference request, or an act of governance.

    The id of the record a request begins with is the request's id. `envelope` is canonical JSON (see
    `audit.ledger.envelope`) and what is sealed; the columns repeat of it what queries need. `hold` says,
    for a `requested`, what is held and where, so that counters can be rebuilt and orphans settled.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization_id = models.UUIDField()
    team_id = models.UUIDField(null=True)
    request_id = models.UUIDField(null=True)
    kind = models.TextField(choices=Kind.choices)
    action = models.TextField()
    actor_kind = models.TextField()
    actor_id = models.UUIDField()
    object_kind = models.TextField(null=True)  # noqa: DJ001 - empty is not a kind
    object_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    xid = TransactionId()
    writer = models.UUIDField(null=True)
    envelope = models.BinaryField()
    hold = models.JSONField(null=True)

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_record"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="record_kind_is_known"),
            models.CheckConstraint(
                condition=Q(actor_kind__in=["user", "api_key", "identity_provider", "system"]),
                name="record_actor_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.ACT, request_id=None) | (~Q(kind=Kind.ACT) & Q(request_id__isnull=False)),
                name="record_of_a_request_names_it",
            ),
            models.CheckConstraint(
                condition=Q(object_kind=None, object_id=None) | Q(object_kind__isnull=False, object_id__isnull=False),
                name="record_object_has_kind_and_id",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization_id", "id"],
                condition=Q(kind=Kind.ACT) | Q(id=F("request_id")),
                name="record_listed",
            ),
            models.Index(fields=["organization_id", "id"], condition=Q(kind=Kind.REFUSED), name="record_refused"),
            models.Index(fields=["object_id", "id"], condition=Q(object_id__isnull=False), name="record_timeline"),
            models.Index(fields=["xid"], condition=Q(kind=Kind.ACT), name="record_act_of_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.id}"
