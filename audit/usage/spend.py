"""What was spent by day, from the sums of usage: within the entered scope, up to what `rollups.as_of` tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from audit.usage.totals import Group, Period, totals


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
    found = totals(Period(since, until, time_zone), group_by, per="day", of=of)
    spends = [
        Spend(
            day,
            group,
            figures.requests,
            figures.errors,
            figures.input_tokens,
            figures.output_tokens,
            figures.nano_usd,
            figures.estimated_nano_usd,
        )
        for (day, group), figures in found.items()
        if day is not None
    ]
    return sorted(spends, key=lambda spend: (spend.day, str(spend.group)))
