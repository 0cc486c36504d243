"""What was spent, from sums by the quarter hour: within the entered scope, up to what `rollups.as_of` tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import TruncDate

from audit.models import UsageQuarter

Group = Literal[
    "team_id", "project_id", "api_key_id", "provider_id", "deployment_id", "use_case_id", "model", "route", "outcome"
]


@dataclass(frozen=True, slots=True)
class Spend:
    """Of one day and group: what was settled, in nano-USD, with what late truths changed. `errors` did not complete."""

    day: date
    group: Any
    requests: int
    errors: int
    input_tokens: int
    output_tokens: int
    nano_usd: int
    estimated_nano_usd: int


def spend_by_day(
    *,
    since: datetime,
    until: datetime,
    time_zone: str,
    group_by: Group = "model",
    of: Mapping[Group, Any] | None = None,
) -> list[Spend]:
    """Per day of the given time zone and group, in order of day and group. Days without a request are absent.

    The bounds are those of quarters: the one that `until` lies in is told whole. `of` narrows down to equal values.
    """
    sums = (
        counted(since, until, of or {})
        .values("combination__outcome", day=TruncDate("starts_at", tzinfo=ZoneInfo(time_zone)), group=_column(group_by))
        .annotate(
            requests_sum=Sum("requests"),
            input_sum=Sum("input_tokens"),
            output_sum=Sum("output_tokens"),
            cost_sum=Sum("cost_nano_usd"),
            estimated_sum=Sum("estimated_nano_usd"),
        )
    )
    found: dict[tuple[date, Any], Spend] = {}
    for row in sums:
        place = row["day"], row["group"]
        found[place] = _added(found.get(place, Spend(*place, 0, 0, 0, 0, 0, 0)), row)
    return sorted(found.values(), key=lambda spend: (spend.day, str(spend.group)))


def counted(since: datetime, until: datetime, of: Mapping[Group, Any]) -> QuerySet[UsageQuarter]:
    """Quarters that begin within bounds, of these values."""
    wanted = {f"combination__{name}": value for name, value in of.items()}
    return UsageQuarter.objects.filter(starts_at__gte=since, starts_at__lt=until, **wanted).order_by()


def _column(group: Group) -> F:
    return F("team_id") if group == "team_id" else F(f"combination__{group}")


def _added(spend: Spend, row: Mapping[str, Any]) -> Spend:
    requests = int(row["requests_sum"])
    return Spend(
        spend.day,
        spend.group,
        spend.requests + requests,
        spend.errors + (0 if row["combination__outcome"] == "completed" else requests),
        spend.input_tokens + int(row["input_sum"]),
        spend.output_tokens + int(row["output_sum"]),
        spend.nano_usd + int(row["cost_sum"]),
        spend.estimated_nano_usd + int(row["estimated_sum"]),
    )
