"""What alerts are decided by: sums of usage in the entered scope. Bounds are beginnings of quarter hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import Q, Sum
from django.db.models.functions import TruncHour

from audit.models import UsageLatency, UsageQuarter

Dimension = Literal["team_id", "api_key_id", "model", "prompt_version_id", "operation"]
Member = UUID | str | None


@dataclass(frozen=True, slots=True)
class Calls:
    """`failed` did not complete through no fault of the caller's; `cached` were answered from a cache."""

    requests: int = 0
    failed: int = 0
    cached: int = 0


def spend_by_hour(since: datetime, until: datetime) -> dict[UUID | None, dict[datetime, int]]:
    """Nano-USD of each team in each hour that it spent in."""
    found: dict[UUID | None, dict[datetime, int]] = defaultdict(dict)
    rows = _quarters(since, until).values("team_id", hour=TruncHour("starts_at")).annotate(spent=Sum("cost_nano_usd"))
    for row in rows:
        found[row["team_id"]][row["hour"]] = int(row["spent"])
    return found


def spend_by(dimension: Dimension, since: datetime, until: datetime, *, team: UUID | None) -> dict[Member, int]:
    """Nano-USD of each member, in one team or in all; calls of none are left out."""
    column = dimension if dimension == "team_id" else f"combination__{dimension}"
    rows = _quarters(since, until, team).values(column).annotate(spent=Sum("cost_nano_usd"))
    return {row[column]: int(row["spent"]) for row in rows if row[column]}


def tokens_by_team(since: datetime, until: datetime) -> dict[UUID | None, int]:
    """Input and output together."""
    rows = _quarters(since, until).values("team_id").annotate(ins=Sum("input_tokens"), outs=Sum("output_tokens"))
    return {row["team_id"]: int(row["ins"] + row["outs"]) for row in rows}


def calls_by_model(since: datetime, until: datetime) -> dict[str, Calls]:
    failed = Q(combination__outcome__in=["failed", "outcome_unknown"])
    rows = (
        _quarters(since, until)
        .values("combination__model")
        .annotate(
            every=Sum("requests"),
            lost=Sum("requests", filter=failed, default=0),
            hits=Sum("requests", filter=Q(combination__cache__in=_HITS), default=0),
        )
    )
    return {row["combination__model"]: Calls(int(row["every"]), int(row["lost"]), int(row["hits"])) for row in rows}


def cached_models(since: datetime, until: datetime) -> set[str]:
    """Models of which a cache was asked at all."""
    rows = _quarters(since, until).exclude(combination__cache__in=["bypass", ""])
    return set(rows.values_list("combination__model", flat=True).distinct())


def latencies(since: datetime, until: datetime) -> dict[str, dict[int, int]]:
    """How many answers of each model fell into which bucket (`audit.models.UsageLatency`)."""
    rows = (
        UsageLatency.objects.filter(starts_at__gte=since, starts_at__lt=until, measured="answer")
        .order_by()
        .values("model", "bucket")
        .annotate(every=Sum("requests"))
    )
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for row in rows:
        found[row["model"]][row["bucket"]] = int(row["every"])
    return found


def quantile_ms(buckets: Mapping[int, int], share: float) -> int:
    """The upper end of the bucket that the share of all lies below."""
    wanted, counted = share * sum(buckets.values()), 0
    for bucket, many in sorted(buckets.items()):
        counted += many
        if counted >= wanted:
            return round(2 ** (bucket / 4))
    return 0


def requests_of(since: datetime, until: datetime, narrowed: Mapping[str, Any]) -> tuple[int, int]:
    """How many requests there were and what they cost, of equal values of columns of a combination."""
    rows = UsageQuarter.objects.filter(
        starts_at__gte=since, starts_at__lt=until, **{f"combination__{name}": value for name, value in narrowed.items()}
    )
    sums = rows.order_by().aggregate(every=Sum("requests", default=0), spent=Sum("cost_nano_usd", default=0))
    return int(sums["every"]), int(sums["spent"])


def whole(parts: Iterable[Mapping[datetime, int]]) -> dict[datetime, int]:
    """Of all together."""
    found: dict[datetime, int] = defaultdict(int)
    for part in parts:
        for hour, spent in part.items():
            found[hour] += spent
    return found


_HITS = ("hit-exact", "hit-semantic", "stale")


def _quarters(since: datetime, until: datetime, team: UUID | None = None) -> Any:
    rows = UsageQuarter.objects.filter(starts_at__gte=since, starts_at__lt=until).order_by()
    return rows if team is None else rows.filter(team_id=team)
