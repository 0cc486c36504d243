"""What a caller asks of `/v1/usage`, how sums are told, and both as JSON Schema for the docs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from audit.usage.sums import GROUPS, GroupBy, Sum
from gateway.wire import fields
from gateway.wire import json_schema as parts
from gateway.wire.json_schema import Schema
from kit import money

LONGEST = timedelta(days=400)
_YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class Asked:
    """`team` is as it was named, and none where none was."""

    since: datetime
    until: datetime
    group_by: GroupBy | None
    is_by_day: bool
    team: str | None


def read(query: dict[str, str], *, time_zone: str, now: datetime) -> Asked:
    """From the first of the month, and up to now, unless told otherwise. Raises `errors.InvalidRequest`."""
    zone = ZoneInfo(time_zone)
    first = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    since, until = _moment(query, "since", zone) or first, _moment(query, "until", zone) or now
    if until - since > LONGEST:
        raise fields.invalid("since", f"at most {LONGEST.days} days are told at once")
    group_by, interval = query.get("group_by"), query.get("interval")
    if group_by is not None:
        fields.choice(group_by, "group_by", GROUPS)
    if interval is not None:
        fields.choice(interval, "interval", frozenset({"day"}))
    return Asked(since, until, cast("GroupBy | None", group_by), interval == "day", query.get("team"))


def told(row: Sum) -> dict[str, Any]:
    return {
        "date": row.day.isoformat() if row.day else None,
        "group": row.group,
        "requests": row.requests,
        "errors": row.errors,
        "input_tokens": row.input_tokens,
        "cached_input_tokens": row.cached_input_tokens,
        "output_tokens": row.output_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "cost_usd": money.plain(row.nano_usd),
        "estimated_usd": money.plain(row.estimated_nano_usd),
    }


def _moment(query: dict[str, str], name: str, zone: ZoneInfo) -> datetime | None:
    """A date or a time; without an offset, of the organisation's time zone."""
    if name not in query:
        return None
    try:
        moment = datetime.fromisoformat(query[name])
    except ValueError:
        raise fields.invalid(name, "it must be a date or a time as in ISO 8601") from None
    if moment.year not in _YEARS:
        raise fields.invalid(name, f"its year must lie between {_YEARS[0]} and {_YEARS[-1]}")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


_USD: Schema = {"type": "string", "description": "US dollars as a decimal number."}
_MAYBE_USD = parts.optional(_USD)
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_COUNT = parts.integer(0)
SUM = parts.object_of(
    {
        "date": parts.optional({"type": "string", "format": "date"}),
        "group": parts.optional(parts.TEXT),
        **dict.fromkeys(
            ("requests", "errors", "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"), _COUNT
        ),
        "cost_usd": _USD,
        "estimated_usd": {**_USD, "description": "The part of the cost that no provider has confirmed."},
    },
    ("requests", "cost_usd"),
    title="UsageSum",
)
USAGE = parts.object_of(
    {"object": {"const": "list"}, "time_zone": parts.TEXT, "as_of": _MOMENT, "data": parts.array_of(SUM)},
    ("object", "time_zone", "as_of", "data"),
    title="Usage",
)
COST_REPORT = parts.object_of(
    {
        "team_id": {"type": "string", "format": "uuid"},
        "period": {"type": "string", "description": "`2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, or `total`."},
        "time_zone": parts.TEXT,
        "as_of": {**_MOMENT, "description": "All that was settled by then is in the sums."},
        "budget_usd": _MAYBE_USD,
        "spent_usd": _USD,
        "held_usd": _MAYBE_USD,
        "remaining_usd": _MAYBE_USD,
        "utilization_pct": parts.optional({"type": "number"}),
        "forecast_usd": _MAYBE_USD,
        **dict.fromkeys(("by_model", "by_project", "by_day"), parts.array_of(SUM)),
    },
    ("team_id", "period", "spent_usd", "by_model", "by_project", "by_day"),
    title="CostReport",
)
QUERY: list[Schema] = [
    {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
    for name, description, schema in (
        ("since", "A date or a time; else the first of the month.", parts.TEXT),
        ("until", "A date or a time, exclusive; else now.", parts.TEXT),
        ("group_by", "What sums are told apart by.", {"type": "string", "enum": sorted(GROUPS)}),
        ("interval", "Sums by day of the organisation's time zone.", {"type": "string", "enum": ["day"]}),
        ("team", "The id of a team; of the caller's without `costs:organisation`.", parts.TEXT),
    )
]
