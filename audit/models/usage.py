"""What was settled, summed by the quarter hour and the day. Copies, written by `audit/sql/0010_usage_days.sql`:
settlements are the truth.

Quarters begin on the quarter hour of UTC, so that midnight of every time zone begins one. A request counts in the
quarter that it came in, which its id tells: a sum and the list of its requests have the same bounds.
"""

from __future__ import annotations

from typing import ClassVar, Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from kit.tenant_owned import ScopedManager


class UsageCombination(models.Model):
    """What settlements of a quarter have in common. There are as many as things of the register are used together.

    The id is a digest of all that follows. `error` is empty where there was none, `route` where the call named no model
    but a tier.
    """

    id = models.UUIDField(primary_key=True)
    organization_id = models.UUIDField()
    team_id = models.UUIDField(null=True)
    project_id = models.UUIDField(null=True)
    api_key_id = models.UUIDField(null=True)
    provider_id = models.UUIDField(null=True)
    deployment_id = models.UUIDField(null=True)
    use_case_id = models.UUIDField(null=True)
    prompt_version_id = models.UUIDField(null=True)
    model = models.TextField()
    route = models.TextField()
    tier = models.TextField()
    operation = models.TextField()
    pipeline = models.TextField()
    cache = models.TextField()
    outcome = models.TextField()
    error = models.TextField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_usage_combination"
        indexes = [models.Index(fields=["organization_id"], name="usage_combination_of_org")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.model}"


class Counted(models.Model):
    """Sums of a quarter or a day. Tokens as in settlements, corrections included; money in nano-USD."""

    organization_id = models.UUIDField()
    team_id = models.UUIDField(null=True)
    requests = models.BigIntegerField()

    class Meta:
        abstract = True


class Totals(Counted):
    """Of one combination: `estimated_nano_usd` is the part of the cost that no provider has confirmed. `latency_ms` is
    the sum over the requests that were answered, of which there are `timed`.
    """

    input_tokens = models.BigIntegerField()
    cached_input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField()
    cost_nano_usd = models.BigIntegerField()
    estimated_nano_usd = models.BigIntegerField()
    held_nano_usd = models.BigIntegerField()
    latency_ms = models.BigIntegerField()
    timed = models.BigIntegerField()

    class Meta:
        abstract = True


class UsageQuarter(Totals):
    """Totals are made of these rows alone."""

    pk = models.CompositePrimaryKey("organization_id", "starts_at", "combination_id")
    starts_at = models.DateTimeField()
    combination = models.ForeignKey(
        UsageCombination, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="quarters"
    )

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_usage_quarter"
        indexes = [BrinIndex(fields=["starts_at"], name="usage_quarter_by_time")]

    def __str__(self) -> str:
        return f"{self.requests} from {self.starts_at}"


class UsageDay(Totals):
    """The quarters of a day, which begins at midnight where the organisation is; only where `UsageZone` says so."""

    pk = models.CompositePrimaryKey("organization_id", "day", "combination_id")
    day = models.DateField()
    combination = models.ForeignKey(
        UsageCombination, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="days"
    )

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_usage_day"

    def __str__(self) -> str:
        return f"{self.requests} on {self.day}"


class Labelled(Counted):
    """What a request may have several of, or what may be forgotten: never to be added up to a total.

    A `tag` beyond those an organisation may have counts as `(other)`; an `end_user` who was forgotten as `erased`. The
    id is a digest of what the row is of.
    """

    id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    value = models.TextField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cost_nano_usd = models.BigIntegerField()

    class Meta:
        abstract = True


class UsageLabel(Labelled):
    """Of a quarter."""

    starts_at = models.DateTimeField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_usage_label"
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["tag", "end_user"]), name="usage_label_kind_is_known"),
        ]
        indexes = [
            models.Index(fields=["organization_id", "kind", "starts_at"], name="usage_label_of_organization"),
            BrinIndex(fields=["starts_at"], name="usage_label_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.requests} of {self.kind} from {self.starts_at}"


class UsageLabelDay(Labelled):
    """Of a day, as `UsageDay` has it."""

    day = models.DateField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_usage_label_day"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["tag", "end_user"]), name="usage_label_day_kind_is_known"
            ),
        ]
        indexes = [models.Index(fields=["organization_id", "kind", "day"], name="usage_label_day_of_org")]

    def __str__(self) -> str:
        return f"{self.requests} of {self.kind} on {self.day}"


class UsageZone(models.Model):
    """Where the days of an organisation begin. They are whole where `remade_until` is empty; else the zone has changed,
    and those that begin later are still to be made anew (the epoch: all of them).
    """

    organization_id = models.UUIDField(primary_key=True)
    time_zone = models.TextField()
    remade_until = models.DateTimeField(null=True)

    objects: ClassVar[ScopedManager[Self]] = ScopedManager()
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_usage_zone"

    def __str__(self) -> str:
        return self.time_zone


class UsageLatency(models.Model):
    """How many requests that a deployment answered took how long: up to `2 ** (bucket / 4)` ms, and longer than the
    bucket before.

    `measured` is the whole `answer`, or the `first_event` of a stream. Of the organisation as a whole: how fast a
    deployment is concerns all who call it.
    """

    pk = models.CompositePrimaryKey("organization_id", "starts_at", "deployment_id", "measured", "bucket")
    organization_id = models.UUIDField()
    starts_at = models.DateTimeField()
    deployment_id = models.UUIDField()
    measured = models.TextField()
    bucket = models.SmallIntegerField()
    provider_id = models.UUIDField(null=True)
    model = models.TextField()
    requests = models.BigIntegerField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager()
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_usage_latency"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(measured__in=["answer", "first_event"]), name="usage_latency_measured_is_known"
            ),
        ]
        indexes = [BrinIndex(fields=["starts_at"], name="usage_latency_by_time")]

    def __str__(self) -> str:
        return f"{self.requests} in bucket {self.bucket} from {self.starts_at}"


class UsageTag(models.Model):
    """A tag that is counted under its own name."""

    pk = models.CompositePrimaryKey("organization_id", "tag")
    organization_id = models.UUIDField()
    tag = models.TextField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager()
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        db_table = "audit_usage_tag"

    def __str__(self) -> str:
        return self.tag


class UsageCursor(models.Model):
    """One row: what is counted. `seen` is a snapshot of the database; what it shows is, and nothing else.

    All that was committed by `rolled_up_at` is counted. What came in from `rebuild_from` until `rebuild_until` is still
    to be counted afresh.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seen = models.TextField()
    rolled_up_at = models.DateTimeField()
    rebuild_from = models.DateTimeField(null=True)
    rebuild_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_usage_cursor"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="usage_cursor_has_one_row")]

    def __str__(self) -> str:
        return f"as of {self.rolled_up_at}"
