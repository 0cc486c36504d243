"""What was used in the last 30 days, by all that savings are looked for by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.pricing.quantities import Quantities
from audit.usage.together import Together, together
from audit.usage.totals import Period

DAYS = 30


@dataclass(frozen=True, slots=True)
class Used:
    """Of the entered scope. `rows` are told apart by everything in `audit.usage.together.Together`."""

    since: datetime
    rows: list[Together]

    @property
    def nano_usd(self) -> int:
        return sum(row.nano_usd for row in self.rows)

    @property
    def keys(self) -> set[UUID]:
        return {row.api_key_id for row in self.rows if row.api_key_id is not None}


def last_30_days(now: datetime, time_zone: str) -> Used:
    """Whole days of the time zone, and today so far."""
    first = now.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=DAYS)
    period = Period(datetime.combine(first, time(), ZoneInfo(time_zone)), now, time_zone)
    return Used(period.since, together(period))


def quantities(rows: Iterable[Together]) -> tuple[Quantities, int]:
    """All that they used, and in how many requests."""
    used, requests = Quantities(), 0
    for row in rows:
        used.input_tokens += row.input_tokens
        used.cached_input_tokens += row.cached_input_tokens
        used.output_tokens += row.output_tokens
        used.reasoning_tokens += row.reasoning_tokens
        requests += row.requests
    return used, requests
