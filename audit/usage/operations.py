"""How calls fare, from sums by the quarter hour: how many came, how many failed, and how long answers took.

Of calls that went to a deployment: what was refused before says nothing about who runs it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import DateTimeField, DurationField, F, Func, Q, QuerySet, Sum, Value

from audit.choices import Kind
from audit.models import UsageLatency, UsageQuarter

By = Literal["provider_id", "deployment_id", "model"]
Measured = Literal["answer", "first_event"]

# What the caller sent was wrong, too long or against the provider's rules: no failure of whoever runs the model.
CALLERS_FAULTS = ("bad_request", "context_length", "content_policy")
FAILED = Q(combination__outcome=Kind.OUTCOME_UNKNOWN) | (
    Q(combination__outcome=Kind.FAILED) & ~Q(combination__error__in=CALLERS_FAULTS)
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls of one slice of time and group. Those whose end nobody knows have failed, too."""

    starts_at: datetime
    group: Any
    requests: int
    failed: int


@dataclass(frozen=True, slots=True)
class Latencies:
    """How many answers lie in which bucket of `UsageLatency`."""

    buckets: Mapping[int, int]

    def percentile(self, share: float) -> float | None:
        """Milliseconds that this share of the answers took at most: the end of its bucket, at most 19 % too much.

        None where there is no answer.
        """
        wanted, seen = share * sum(self.buckets.values()), 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return float(2 ** (bucket / 4))
        return None


def traffic(
    *, since: datetime, until: datetime, step: timedelta, group_by: By, of: Mapping[By, Any] | None = None
) -> list[Traffic]:
    """By slices of `step`, a multiple of a quarter hour, that begin at `since`. Slices without a call are absent."""
    wanted = {f"combination__{name}": value for name, value in (of or {}).items()}
    rows = (
        UsageQuarter.objects.filter(starts_at__gte=since, starts_at__lt=until, **wanted)
        .exclude(combination__deployment_id=None)
        .order_by()
        .values(slice=_slice(step, since), group=F(f"combination__{group_by}"))
        .annotate(all=Sum("requests"), failed=Sum("requests", filter=FAILED, default=0))
    )
    return [Traffic(row["slice"], row["group"], int(row["all"]), int(row["failed"])) for row in rows]


def latencies(
    *, since: datetime, until: datetime, group_by: By, of: Mapping[By, Any] | None = None
) -> dict[tuple[Any, Measured], Latencies]:
    """By group, of the organisation as a whole: how fast a deployment is concerns all who call it."""
    found: dict[tuple[Any, Measured], Counter[int]] = defaultdict(Counter)
    rows: Iterable[Mapping[str, Any]] = (
        _timed(since, until, of).values("measured", "bucket", group=F(group_by)).annotate(n=Sum("requests"))
    )
    for row in rows:
        found[row["group"], row["measured"]][row["bucket"]] += int(row["n"])
    return {place: Latencies(buckets) for place, buckets in found.items()}


def latencies_over_time(
    *, since: datetime, until: datetime, step: timedelta, of: Mapping[By, Any] | None = None
) -> dict[datetime, Latencies]:
    """Of whole answers, by slice."""
    found: dict[datetime, Counter[int]] = defaultdict(Counter)
    rows = _timed(since, until, of).filter(measured="answer")
    for row in rows.values("bucket", slice=_slice(step, since)).annotate(n=Sum("requests")):
        found[row["slice"]][row["bucket"]] += int(row["n"])
    return {slice: Latencies(buckets) for slice, buckets in found.items()}


def merged(several: list[Latencies]) -> Latencies:
    together: Counter[int] = Counter()
    for one in several:
        together.update(one.buckets)
    return Latencies(together)


def _timed(since: datetime, until: datetime, of: Mapping[By, Any] | None) -> QuerySet[UsageLatency]:
    wanted: dict[str, Any] = {str(name): value for name, value in (of or {}).items()}
    return UsageLatency.objects.filter(starts_at__gte=since, starts_at__lt=until, **wanted).order_by()


def _slice(step: timedelta, origin: datetime) -> Func:
    return Func(
        Value(step, output_field=DurationField()),
        F("starts_at"),
        Value(origin, output_field=DateTimeField()),
        function="date_bin",
        output_field=DateTimeField(),
    )
