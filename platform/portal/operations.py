"""How calls fared in a span of time, as the operations page tells it: by provider, deployment or model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.usage import operations, rollups
from audit.usage.operations import By, Latencies, Traffic
from governance.models import Deployment, Provider

QUARTER = timedelta(minutes=15)
# A slice of time in which more of the calls failed counts as one in which the provider was away.
AWAY_ABOVE = 0.1


@dataclass(frozen=True, slots=True)
class Span:
    """What is looked at, and in slices of what length."""

    name: str
    label: str
    length: timedelta
    step: timedelta = QUARTER


# No longer ones: times are counted by the quarter hour alone, and those of a week are a hundred thousand rows.
SPANS = {
    span.name: span
    for span in (
        Span("1h", "Last hour", timedelta(hours=1)),
        Span("6h", "Last 6 hours", timedelta(hours=6)),
        Span("24h", "Last 24 hours", timedelta(days=1)),
    )
}


def day(on: date, time_zone: str) -> tuple[Span, datetime]:
    """A day of the time zone, and when it ends: of some it is 23 or 25 hours long."""
    begins, ends = (datetime.combine(on + timedelta(days=days), time(), ZoneInfo(time_zone)) for days in (0, 1))
    return Span(on.isoformat(), f"{on:%d %B %Y}", ends.astimezone(UTC) - begins.astimezone(UTC)), ends.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Slice:
    """`p95_ms` is of answers that ended well; none where there was no such answer."""

    starts_at: datetime
    requests: int
    failed: int
    p95_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one group, or of all. `slices` has every slice of the span, empty ones too."""

    group: Any
    name: str
    requests: int
    failed: int
    per_second: float
    busiest_per_second: float
    available: float | None
    answers: Latencies
    first_events: Latencies
    slices: list[Slice]

    @property
    def error_rate(self) -> float | None:
        return self.failed / self.requests if self.requests else None

    @property
    def percentiles(self) -> list[float | None]:
        """p50, p95 and p99 of whole answers, in ms."""
        return [self.answers.percentile(share) for share in (0.5, 0.95, 0.99)]

    @property
    def first_percentiles(self) -> list[float | None]:
        """p50 and p95 until the first event of a stream, in ms."""
        return [self.first_events.percentile(share) for share in (0.5, 0.95)]


@dataclass(frozen=True, slots=True)
class Seen:
    """`together` is all that `rows` are parts of, those with most calls first. What was settled by `as_of` is in it."""

    span: Span
    since: datetime
    until: datetime
    together: Figures
    rows: list[Figures]
    as_of: datetime


def seen(span: Span, group_by: By, of: Mapping[By, Any], now: datetime, ends: datetime | None = None) -> Seen:
    """Of the entered scope: calls of the teams one sees, times of all. Up to now, if it does not end before."""
    until = ends or _next_quarter(now)
    since = until - span.length
    as_of = rollups.as_of()
    found = operations.traffic(since=since, until=until, step=span.step, group_by=group_by, of=of)
    timed = operations.latencies(since=since, until=until, group_by=group_by, of=of)
    over_time = operations.latencies_over_time(since=since, until=until, step=span.step, of=of)
    rows_of: dict[Any, list[Traffic]] = defaultdict(list)
    for row in found:
        rows_of[row.group].append(row)
    names = names_of(group_by, set(rows_of))
    make = _Maker(span, since, min(now, until))
    rows = [
        make.figures(
            group, names.get(group, "not shown"), rows, timed.get((group, "answer")), timed.get((group, "first_event"))
        )
        for group, rows in rows_of.items()
    ]
    answers, first_events = (
        operations.merged([one for (_, kind), one in timed.items() if kind == measured])
        for measured in ("answer", "first_event")
    )
    together = make.figures(None, "All", found, answers, first_events, over_time)
    return Seen(span, since, until, together, sorted(rows, key=lambda row: (-row.requests, row.name)), as_of)


@dataclass(frozen=True, slots=True)
class _Maker:
    span: Span
    since: datetime
    until: datetime

    def figures(
        self,
        group: Any,
        name: str,
        rows: list[Traffic],
        answers: Latencies | None,
        first_events: Latencies | None,
        over_time: Mapping[datetime, Latencies] | None = None,
    ) -> Figures:
        counted: dict[datetime, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for row in rows:
            requests, failed = counted[row.starts_at]
            counted[row.starts_at] = requests + row.requests, failed + row.failed
        requests = sum(requests for requests, _ in counted.values())
        seconds = self.span.step.total_seconds()
        good = sum(failed <= AWAY_ABOVE * requests for requests, failed in counted.values())
        return Figures(
            group=group,
            name=name,
            requests=requests,
            failed=sum(failed for _, failed in counted.values()),
            per_second=requests / max((self.until - self.since).total_seconds(), 1),
            busiest_per_second=max((requests for requests, _ in counted.values()), default=0) / seconds,
            available=good / len(counted) if counted else None,
            answers=answers or Latencies({}),
            first_events=first_events or Latencies({}),
            slices=self._slices(counted, over_time or {}),
        )

    def _slices(
        self, counted: Mapping[datetime, tuple[int, int]], over_time: Mapping[datetime, Latencies]
    ) -> list[Slice]:
        starts = [self.since + self.span.step * number for number in range(self.span.length // self.span.step)]
        return [
            Slice(start, *counted.get(start, (0, 0)), over_time[start].percentile(0.95) if start in over_time else None)
            for start in starts
        ]


def names_of(group_by: By, groups: set[Any]) -> dict[Any, str]:
    """What the groups are called, as far as they may be seen."""
    ids: set[UUID] = {group for group in groups if isinstance(group, UUID)}
    if group_by == "provider_id":
        return dict(Provider.objects.filter(id__in=ids).values_list("id", "name"))
    if group_by == "deployment_id":
        return {row.id: str(row) for row in Deployment.objects.filter(id__in=ids).select_related("model", "provider")}
    return {group: group for group in groups}


def _next_quarter(now: datetime) -> datetime:
    begun = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    return begun + QUARTER
