"""What a request cost in the end, once per request."""

from __future__ import annotations

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from audit.choices import Correcting
from audit.models.record import CurrentTransaction, TransactionId
from audit.pricing.quantities import Quantities
from kit.ids import new_id
from kit.tenant_owned import ScopedManager


class Usage(models.Model):
    """Tokens as counted by the provider. Cached are part of input, reasoning part of output. Money in nano-USD.

    `further_quantities` are those of `audit.pricing.quantities.FURTHER` that there were any of.
    """

    input_tokens = models.BigIntegerField()
    cached_input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField()
    cost_nano_usd = models.BigIntegerField()
    further_quantities = models.JSONField(null=True)
    service_tier = models.TextField(default="standard", db_default="standard")

    class Meta:
        abstract = True

    @property
    def quantities(self) -> Quantities:
        return Quantities(
            input_tokens=self.input_tokens,
            cached_input_tokens=self.cached_input_tokens,
            output_tokens=self.output_tokens,
            reasoning_tokens=self.reasoning_tokens,
            service_tier=self.service_tier,
            **(self.further_quantities or {}),
        )


class Settlement(Usage):
    """The first one for a request is the one there is; its insert decides who writes the outcome record.

    `budgets` maps each budget the hold named to the period it was charged in: `{"<id>": "2026-11"}`.
    `estimated` says that the figures are not the provider's: an orphan is settled at what it held. `xid` is the
    transaction that wrote the row, by which the rollups know what they have not seen.
    """

    request_id = models.UUIDField(primary_key=True)
    organization_id = models.UUIDField()
    team_id = models.UUIDField(null=True)
    project_id = models.UUIDField(null=True)
    api_key_id = models.UUIDField(null=True)
    deployment_id = models.UUIDField(null=True)
    price_id = models.UUIDField(null=True)
    outcome_record_id = models.UUIDField()
    model = models.TextField()
    outcome = models.TextField()
    estimated = models.BooleanField()
    held_nano_usd = models.BigIntegerField()
    admitted_at = models.DateTimeField()
    settled_at = models.DateTimeField()
    budgets = models.JSONField()
    provider_id = models.UUIDField(null=True)
    use_case_id = models.UUIDField(null=True)
    subject_id = models.UUIDField(null=True)
    prompt_version_id = models.UUIDField(null=True)
    operation = models.TextField(default="chat", db_default="chat")
    tier = models.TextField(default="", db_default="")
    route = models.TextField(default="", db_default="")
    pipeline = models.TextField(default="direct", db_default="direct")
    cache = models.TextField(default="bypass", db_default="bypass")
    tags = ArrayField(models.TextField(), default=list, db_default=[])
    error = models.TextField(null=True)  # noqa: DJ001 - empty is not a code
    latency_ms = models.IntegerField(null=True)
    first_event_ms = models.IntegerField(null=True)
    xid = TransactionId(db_default=CurrentTransaction())

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_settlement"
        ordering = ["-request_id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    input_tokens__gte=0,
                    cached_input_tokens__gte=0,
                    output_tokens__gte=0,
                    reasoning_tokens__gte=0,
                    cost_nano_usd__gte=0,
                    held_nano_usd__gte=0,
                ),
                name="settlement_is_not_negative",
            )
        ]
        indexes = [
            models.Index(fields=["organization_id", "request_id"], name="settlement_of_organization"),
            models.Index(fields=["xid"], name="settlement_of_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.request_id}"


class Correction(Usage):
    """What a settlement turned out to be wrong by. A request costs its settlement and all of these.

    A `late_truth` is how a request ended that had been settled as unknown; there is one at most, and its quantities are
    those that were used. A `rerating` is by another price, of the same quantities. `cost_nano_usd` is what it costs by
    this correction, `difference_nano_usd` what that adds to all before; `record_id` is the late outcome, or the act.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request_id = models.UUIDField()
    organization_id = models.UUIDField()
    team_id = models.UUIDField(null=True)
    record_id = models.UUIDField()
    kind = models.TextField(choices=Correcting.choices)
    price_id = models.UUIDField(null=True)
    difference_nano_usd = models.BigIntegerField()
    at = models.DateTimeField()
    xid = TransactionId(db_default=CurrentTransaction())

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_correction"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Correcting.values), name="correction_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(kind=Correcting.RERATING) | Q(price_id__isnull=False), name="correction_rated_has_a_price"
            ),
            models.UniqueConstraint(
                fields=["request_id"], condition=Q(kind=Correcting.LATE_TRUTH), name="correction_late_once"
            ),
        ]
        indexes = [
            models.Index(fields=["organization_id", "request_id"], name="correction_of_organization"),
            models.Index(fields=["request_id"], name="correction_of_request"),
            models.Index(fields=["xid"], name="correction_of_transaction"),
        ]

    def __str__(self) -> str:
        return f"correction of {self.request_id}"


class Spent(models.Model):
    """Nano-USD settled per budget and period, up to the bound in `RolledUp`. A copy; settlements are the truth."""

    pk = models.CompositePrimaryKey("organization_id", "budget_id", "period")
    organization_id = models.UUIDField()
    budget_id = models.UUIDField()
    period = models.TextField()
    nano_usd = models.BigIntegerField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager()
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_spent"

    def __str__(self) -> str:
        return f"{self.nano_usd} in {self.period}"


class RolledUp(models.Model):
    """One row: requests with an id below `through` are counted in `Spent`, the others are not."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    through = models.UUIDField()

    class Meta:
        db_table = "audit_rolled_up"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="rolled_up_has_one_row")]

    def __str__(self) -> str:
        return f"through {self.through}"
