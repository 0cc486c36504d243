"""Sums of usage for processes without an ORM. What portal pages read is `audit.usage.spend`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args
from uuid import UUID

import orjson

from audit.ledger.wire import Away, Rejected, Wire, text, uuid_value
from kit.errors import Unavailable

GroupBy = Literal[
    "model", "team", "project", "key", "provider", "deployment", "use_case", "operation", "tier", "route", "outcome"
]
GROUPS: frozenset[str] = frozenset(get_args(GroupBy))

_SUMS = (
    "SELECT audit_usage_sums("
    "$1, $2, $3::text::timestamptz, $4::text::timestamptz, $5, $6, coalesce($7::text, '') = 'day')::text"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`since` and `until` (exclusive) bound the beginnings of quarter hours. No team: the whole organisation."""

    organization_id: UUID
    team_id: UUID | None
    since: datetime
    until: datetime
    time_zone: str
    group_by: GroupBy | None = None
    is_by_day: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """`errors` are requests that did not complete. What nobody has confirmed yet of the cost is estimated."""

    day: date | None
    group: str | None
    requests: int
    errors: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    nano_usd: int
    estimated_nano_usd: int


@dataclass(frozen=True, slots=True)
class Sums:
    """In order of day and group. All that was settled by `as_of` is counted."""

    as_of: datetime
    rows: tuple[Sum, ...]

    @property
    def nano_usd(self) -> int:
        return sum(row.nano_usd for row in self.rows)


class UsageSums:
    """One connection, for the loop that calls; made at the first call."""

    def __init__(self, conninfo: str) -> None:
        self._wire = Wire(conninfo, application_name="chancery-usage")

    async def of(self, wanted: Wanted) -> Sums:
        """Raises `Unavailable`."""
        arguments = [
            wanted.organization_id.bytes,
            uuid_value(wanted.team_id),
            wanted.since.isoformat().encode(),
            wanted.until.isoformat().encode(),
            wanted.time_zone.encode(),
            wanted.group_by.encode() if wanted.group_by else None,
            b"day" if wanted.is_by_day else None,
        ]
        try:
            [(answer,)] = await self._wire.call(_SUMS, arguments)
        except (Away, Rejected) as failure:
            raise Unavailable("Usage cannot be read now.", headers={"Retry-After": "1"}) from failure
        told = orjson.loads(text(answer))
        return Sums(datetime.fromisoformat(told["as_of"]), tuple(_sum(*row) for row in told["sums"]))

    async def close(self) -> None:
        await self._wire.close()


def _sum(day: str | None, group: str | None, *figures: int | str) -> Sum:
    return Sum(date.fromisoformat(day) if day else None, group, *(int(figure) for figure in figures))
