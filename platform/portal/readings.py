"""The ledger as the portal's screens show it: requests, acts, spend. Bodies are not read here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import TruncDate

from audit.choices import Kind
from audit.models import Correction, Record, Settlement
from tenants.models import ApiKey

Status = Literal["open", "completed", "refused", "failed", "cancelled", "outcome_unknown"]
STATUSES: dict[str, str] = {"open": "under way"} | {
    kind.value: kind.label for kind in Kind if kind not in (Kind.REQUESTED, Kind.ACT)
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of a list of requests. Model, project and cost are known of requests that were settled."""

    since: datetime | None = None
    until: datetime | None = None
    team_id: UUID | None = None
    project_id: UUID | None = None
    key_ids: frozenset[UUID] | None = None
    model: str = ""
    status: str = ""
    min_cost_nano_usd: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A request with its outcome. `envelope` is the outcome's, or of a request under way what it began with."""

    id: UUID
    at: datetime
    status: str
    team_id: UUID | None
    actor_kind: str
    actor_id: UUID
    envelope: Mapping[str, Any]
    settlement: Settlement | None

    @property
    def model(self) -> str:
        return self.settlement.model if self.settlement else self._decided.get("model") or ""

    @property
    def approval_id(self) -> str | None:
        return self._decided.get("approval")

    @property
    def latency_ms(self) -> float | None:
        """All stages together; none while it is under way."""
        stages = self.envelope.get("latency_us") or {}
        return sum(stages.values()) / 1000 if stages else None

    @property
    def error(self) -> str | None:
        return self.envelope.get("error")

    @property
    def _decided(self) -> Mapping[str, Any]:
        decided: Mapping[str, Any] = self.envelope.get("decided") or {}
        return decided


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything recorded of one request, in order; a correction comes last."""

    request: Request
    records: list[tuple[Record, Mapping[str, Any]]]
    correction: Correction | None


def requests(wanted: Wanted, *, before: UUID | None, most: int) -> list[Request]:
    """Newest first, those with an id smaller than `before`."""
    rows = Record.objects.first_of_requests().between(wanted.since, wanted.until).filter(_conditions(wanted))
    if before is not None:
        rows = rows.filter(id__lt=before)
    return _with_outcomes(list(rows.order_by("-id")[:most]))


def trace(request_id: UUID) -> Trace | None:
    """None for a request that is not there, or is not this scope's."""
    first = Record.objects.first_of_requests().filter(id=request_id).first()
    if first is None:
        return None
    [request] = _with_outcomes([first])
    correction = Correction.objects.filter(request_id=request_id).first()
    later = [request.settlement.outcome_record_id] if request.settlement else []
    later += [correction.record_id] if correction else []
    records = [first, *Record.objects.filter(id__in=later).exclude(id=first.id).order_by("id")]
    return Trace(request, [(record, opened(record)) for record in records], correction)


def opened(record: Record) -> Mapping[str, Any]:
    """The envelope as it was sealed."""
    envelope: Mapping[str, Any] = orjson.loads(bytes(record.envelope))
    return envelope


def acts(*, before: UUID | None = None, object_id: UUID | None = None, action: str = "", most: int = 50) -> list[Record]:
    """Acts of governance, newest first."""
    rows = Record.objects.acts()
    if object_id is not None:
        rows = rows.filter(object_id=object_id)
    if action:
        rows = rows.filter(action__startswith=action)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:most])


def spent_by_day(since: datetime, until: datetime) -> dict[date, int]:
    """Nano-USD settled by the day on which requests came in, in the active time zone; corrections are not in it."""
    days = Settlement.objects.between(since, until).annotate(day=TruncDate("admitted_at")).values("day")
    return {row["day"]: row["total"] for row in days.annotate(total=Sum("cost_nano_usd")).order_by("day")}


@dataclass(frozen=True, slots=True)
class Total:
    requests: int
    cost_nano_usd: int


def total(since: datetime, until: datetime) -> Total:
    found = Settlement.objects.between(since, until).aggregate(requests=Count("pk"), cost=Sum("cost_nano_usd"))
    return Total(found["requests"], found["cost"] or 0)


def prefixes_of(key_ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(ApiKey.objects.filter(id__in=set(key_ids)).values_list("id", "prefix"))


def _conditions(wanted: Wanted) -> Q:
    conditions = Q()
    if wanted.team_id is not None:
        conditions &= Q(team_id=wanted.team_id)
    if wanted.key_ids is not None:
        conditions &= Q(actor_id__in=wanted.key_ids)
    settled = Settlement.objects.filter(request_id=OuterRef("id"))
    if wanted.status == "open":
        conditions &= Q(kind=Kind.REQUESTED) & ~Exists(settled)
    elif wanted.status:
        conditions &= Q(kind=wanted.status) | Exists(settled.filter(outcome=wanted.status))
    narrowed: dict[str, Any] = {}
    if wanted.project_id is not None:
        narrowed["project_id"] = wanted.project_id
    if wanted.model:
        narrowed["model__icontains"] = wanted.model
    if wanted.min_cost_nano_usd:
        narrowed["cost_nano_usd__gte"] = wanted.min_cost_nano_usd
    return conditions & Exists(settled.filter(**narrowed)) if narrowed else conditions


def _with_outcomes(firsts: list[Record]) -> list[Request]:
    settled = {row.request_id: row for row in Settlement.objects.filter(request_id__in=[first.id for first in firsts])}
    outcomes = Record.objects.in_bulk([settlement.outcome_record_id for settlement in settled.values()])
    found = []
    for first in firsts:
        settlement = settled.get(first.id)
        last = outcomes.get(settlement.outcome_record_id, first) if settlement else first
        status = "open" if last.kind == Kind.REQUESTED else str(last.kind)
        found.append(
            Request(
                id=first.id,
                at=first.at,
                status=status,
                team_id=first.team_id,
                actor_kind=first.actor_kind,
                actor_id=first.actor_id,
                envelope=opened(last),
                settlement=settlement,
            )
        )
    return found
