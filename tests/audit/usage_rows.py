"""Settlements put in as the ledger's owner, past the functions that write it, and what they add up to in Python."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from kit import clock
from kit.ids import first_id_at, new_id, time_of
from tests.audit.rows import Tenant

_SETTLE = """
INSERT INTO audit_settlement (
    request_id, organization_id, team_id, outcome_record_id, model, outcome, estimated, input_tokens,
    cached_input_tokens, output_tokens, reasoning_tokens, cost_nano_usd, held_nano_usd, admitted_at, settled_at,
    budgets, tags, subject_id, error, latency_ms, first_event_ms, deployment_id)
VALUES (%(id)s, %(organization)s, %(team)s, gen_random_uuid(), %(model)s, %(outcome)s, %(estimated)s, %(tokens)s, 1,
        %(tokens)s, 0, %(cost)s, %(held)s, now(), now(), '{}', %(tags)s, %(subject)s, %(error)s, %(latency)s, %(first)s,
        md5(%(model)s)::uuid)
"""
_CORRECT = """
INSERT INTO audit_correction (
    request_id, organization_id, team_id, record_id, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
    cost_nano_usd, difference_nano_usd, at, kind)
SELECT request_id, organization_id, team_id, gen_random_uuid(), 7, 1, 7, 0, %(cost)s, %(cost)s - cost_nano_usd, now(),
       'late_truth'
FROM audit_settlement WHERE request_id = %(id)s
"""
_ROWS = """
SELECT settled.*, late.cost_nano_usd AS true_cost, late.input_tokens AS true_tokens
FROM audit_settlement AS settled LEFT JOIN audit_correction AS late USING (request_id)
WHERE settled.organization_id = %s
"""
_SUMS = """
SELECT starts_at, combined.team_id, model, outcome, error, requests, input_tokens, output_tokens, cost_nano_usd,
       estimated_nano_usd, held_nano_usd, latency_ms, timed
FROM audit_usage_quarter JOIN audit_usage_combination AS combined ON combined.id = combination_id
WHERE combined.organization_id = %s AND (requests <> 0 OR cost_nano_usd <> 0)
"""
_LABELS = """
SELECT starts_at, team_id, kind, value, requests, input_tokens, output_tokens, cost_nano_usd
FROM audit_usage_label WHERE organization_id = %s
"""
_OF_DAYS = {
    query: query.replace("starts_at", "day")
    .replace("usage_quarter", "usage_day")
    .replace("usage_label", "usage_label_day")
    for query in (_SUMS, _LABELS)
}
_LATENCIES = """
SELECT starts_at, model, measured, bucket, requests FROM audit_usage_latency WHERE organization_id = %s
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One that was settled. `hours_ago` is when it came in."""

    hours_ago: float = 0
    team: UUID | None = None
    model: str = "small"
    outcome: str = "completed"
    tokens: int = 10
    cost: int = 100
    tags: tuple[str, ...] = ()
    subject: UUID | None = None
    latency: int | None = 250
    first: int | None = None
    id: UUID = field(default_factory=new_id)


def settle(connection: psycopg.Connection, tenant: Tenant, call: Call) -> UUID:
    """Its request's id."""
    early = first_id_at(clock.now() - timedelta(hours=call.hours_ago))
    request_id = UUID(f"{early.hex[:13]}{call.id.hex[13:]}")
    is_known = call.outcome != "outcome_unknown"
    connection.execute(
        _SETTLE,
        {
            "id": request_id,
            "organization": tenant.id,
            "team": call.team,
            "model": call.model,
            "outcome": call.outcome,
            "estimated": not is_known,
            "tokens": call.tokens,
            "cost": call.cost,
            "held": call.cost + 1,
            "tags": list(call.tags),
            "subject": call.subject,
            "error": "upstream_error" if call.outcome == "failed" else None,
            "latency": call.latency if is_known else None,
            "first": call.first if is_known else None,
        },
    )
    return request_id


def correct(connection: psycopg.Connection, request_id: UUID, *, cost: int) -> None:
    """A truth that came late."""
    connection.execute(_CORRECT, {"id": request_id, "cost": cost})


def new_subject(connection: psycopg.Connection, tenant: Tenant) -> UUID:
    subject = new_id()
    connection.execute(
        "INSERT INTO audit_subject (id, organization_id, digest, created_at) VALUES (%s, %s, %s, now())",
        [subject, tenant.id, subject.bytes],
    )
    return subject


def tell_zone(connection: psycopg.Connection, tenant: Tenant, time_zone: str) -> None:
    """As the organisation's row would."""
    connection.execute("SELECT audit_tell_usage_zone(%s, %s)", [tenant.id, time_zone])


@dataclass(slots=True)
class Sums:
    """What is counted: by quarter and combination, by label, by latency; of the first two by day of the zone too."""

    quarters: dict[tuple[Any, ...], tuple[int, ...]]
    labels: dict[tuple[Any, ...], tuple[int, ...]]
    latencies: dict[tuple[Any, ...], int]
    days: dict[tuple[Any, ...], tuple[int, ...]] = field(default_factory=dict)
    label_days: dict[tuple[Any, ...], tuple[int, ...]] = field(default_factory=dict)


def rolled_up(connection: psycopg.Connection, tenant: Tenant) -> Sums:
    def rows(query: Any) -> list[tuple[Any, ...]]:
        return connection.execute(query, [tenant.id]).fetchall()

    return Sums(
        {row[:5]: tuple(map(int, row[5:])) for row in rows(_SUMS)},
        {row[:4]: tuple(map(int, row[4:])) for row in rows(_LABELS)},
        {row[:4]: int(row[4]) for row in rows(_LATENCIES)},
        {row[:5]: tuple(map(int, row[5:])) for row in rows(_OF_DAYS[_SUMS])},
        {row[:4]: tuple(map(int, row[4:])) for row in rows(_OF_DAYS[_LABELS])},
    )


def direct(connection: psycopg.Connection, tenant: Tenant) -> Sums:
    """The same from the settlements themselves, in Python."""
    quarters: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 8)
    labels: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 4)
    latencies: Counter[tuple[Any, ...]] = Counter()
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_ROWS, [tenant.id]).fetchall()
    for row in found:
        _count(row, quarters, labels, latencies)
    zone = connection.execute(
        "SELECT time_zone FROM audit_usage_zone WHERE organization_id = %s", [tenant.id]
    ).fetchone()
    return Sums(
        {place: tuple(sums) for place, sums in quarters.items()},
        {place: tuple(sums) for place, sums in labels.items()},
        dict(latencies),
        _by_day(quarters, zone[0]) if zone else {},
        _by_day(labels, zone[0]) if zone else {},
    )


def _by_day(quarters: dict[tuple[Any, ...], list[int]], time_zone: str) -> dict[tuple[Any, ...], tuple[int, ...]]:
    days: dict[tuple[Any, ...], list[int]] = {}
    for (starts_at, *place), sums in quarters.items():
        day = starts_at.astimezone(ZoneInfo(time_zone)).date()
        _add(days.setdefault((day, *place), [0] * len(sums)), tuple(sums))
    return {place: tuple(sums) for place, sums in days.items()}


def _count(row: dict[str, Any], quarters: Any, labels: Any, latencies: Any) -> None:
    is_late = row["true_cost"] is not None
    cost = row["true_cost"] if is_late else row["cost_nano_usd"]
    tokens = row["true_tokens"] if is_late else row["input_tokens"]
    starts_at, team = quarter(row["request_id"]), row["team_id"]
    is_answered = row["outcome"] == "completed" and row["latency_ms"] is not None
    estimated = cost if row["estimated"] and not is_late else 0
    latency = row["latency_ms"] if is_answered else 0
    place = starts_at, team, row["model"], row["outcome"], row["error"] or ""
    _add(quarters[place], (1, tokens, tokens, cost, estimated, row["held_nano_usd"], latency, int(is_answered)))
    named = [("tag", tag) for tag in set(row["tags"])]
    if row["subject_id"] is not None:
        named.append(("end_user", str(row["subject_id"])))
    for kind, value in named:
        _add(labels[starts_at, team, kind, value], (1, tokens, tokens, cost))
    if is_answered:
        for measured, ms in (("answer", row["latency_ms"]), ("first_event", row["first_event_ms"])):
            if ms is not None:
                latencies[starts_at, row["model"], measured, bucket(ms)] += 1


def quarter(request_id: UUID) -> datetime:
    came_in = int(time_of(request_id).timestamp())
    return datetime.fromtimestamp(came_in - came_in % 900, UTC)


def bucket(ms: int) -> int:
    found = 0
    while 2 ** (found / 4) < ms and not math.isclose(2 ** (found / 4), ms):
        found += 1
    return found


def _add(sums: list[int], more: tuple[int, ...]) -> None:
    for position, one in enumerate(more):
        sums[position] += one
