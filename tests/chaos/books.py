"""The books of an installation, as whoever audits them reads them; and its counters, as a gateway does."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import redis.asyncio

from gateway.admission.holds import Spending
from tests.chaos.installation import LEASE_SECONDS, Installation
from tests.faults.books import OPEN
from tests.support import counters

_RECORDS = "SELECT request_id, kind FROM audit_record WHERE kind <> 'act'"
_SETTLEMENTS = """
SELECT request_id, outcome, estimated, cost_nano_usd, held_nano_usd, settled_at, budgets FROM audit_settlement
"""
_CORRECTIONS = "SELECT request_id, difference_nano_usd, at FROM audit_correction"

_UNCOUNTED = """
SELECT (SELECT count(*) FROM audit_settlement) - (SELECT coalesce(sum(requests), 0) FROM audit_usage_quarter),
       (SELECT coalesce(sum(cost_nano_usd), 0) FROM audit_settlement)
     + (SELECT coalesce(sum(difference_nano_usd), 0) FROM audit_correction)
     - (SELECT coalesce(sum(cost_nano_usd), 0) FROM audit_usage_quarter)
"""


@dataclass(frozen=True, slots=True)
class Settlement:
    outcome: str
    estimated: bool
    cost_nano_usd: int
    held_nano_usd: int
    at: datetime
    budgets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    difference_nano_usd: int
    at: datetime


@dataclass(slots=True)
class Page:
    """All that is in the books at one moment. `records`: the kinds of each request's records."""

    records: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    settlements: dict[str, list[Settlement]] = field(default_factory=lambda: defaultdict(list))
    corrections: dict[str, list[Correction]] = field(default_factory=lambda: defaultdict(list))

    def corrected(self, request_id: str) -> int:
        """Nano-USD by which its settlement was wrong."""
        return sum(one.difference_nano_usd for one in self.corrections.get(request_id, ()))

    def movements(self, budget: str) -> list[tuple[datetime, int]]:
        """What was charged to the budget and when, corrections included, in order of time."""
        charged = {request_id: found for request_id, found in self.settlements.items() if budget in found[0].budgets}
        settled = [(one.at, one.cost_nano_usd) for found in charged.values() for one in found]
        corrected = [
            (one.at, one.difference_nano_usd) for request_id in charged for one in self.corrections.get(request_id, ())
        ]
        return sorted(settled + corrected)

    def spent(self, budget: str) -> int:
        return sum(amount for _, amount in self.movements(budget))


class Books:
    """Past the proxies."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    async def nothing_is_open(self) -> bool:
        try:
            [(count,)] = await self._read(OPEN)
        except psycopg.Error:
            return False
        return bool(count == 0)

    async def read(self) -> Page:
        page = Page()
        for request_id, kind in await self._read(_RECORDS):
            page.records[str(request_id)].append(kind)
        for request_id, outcome, estimated, cost, held, at, budgets in await self._read(_SETTLEMENTS):
            settlement = Settlement(outcome, estimated, cost, held, at, tuple(budgets))
            page.settlements[str(request_id)].append(settlement)
        for request_id, difference, at in await self._read(_CORRECTIONS):
            page.corrections[str(request_id)].append(Correction(difference, at))
        return page

    async def counted(self) -> dict[str, Spending]:
        """Where each budget stands by the counters. What a lease that is over still holds is ended first."""
        found: dict[str, Spending] = {}
        for organization in self._installation.organizations.values():
            budgets = [budget["id"] for budget in organization["budgets"]]
            spending = await counters.stands(
                self._installation.environment,
                UUID(organization["id"]),
                [UUID(budget) for budget in budgets],
                lease_seconds=LEASE_SECONDS,
            )
            found.update(zip(budgets, spending, strict=True))
        return found

    async def uncounted_usage(self) -> tuple[int, int]:
        """Requests and nano-USD that are settled, corrections included, and not in the sums of usage."""
        [(requests, nano_usd)] = await self._read(_UNCOUNTED)
        return int(requests), int(nano_usd)

    async def flush_counters(self) -> None:
        """So that they are made again from the books."""
        async with redis.asyncio.Redis.from_url(self._installation.environment["REDIS_URL"]) as client:
            await client.flushall()

    async def _read(self, query: str) -> list[tuple[Any, ...]]:
        def read() -> list[tuple[Any, ...]]:
            with psycopg.connect(
                self._installation.environment["DATABASE_URL_SYSTEM"], connect_timeout=5
            ) as connection:
                return connection.execute(query.encode()).fetchall()

        return await asyncio.to_thread(read)
