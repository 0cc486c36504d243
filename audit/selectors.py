"""What the portal reads of the ledger: within the entered scope, newest first, by bounds on the id.

Lists are paged by the id last seen (`before`), so that page 1,000 costs what page 1 does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Exists, OuterRef, Q, QuerySet

from audit.choices import Kind
from audit.models import Correction, Record, Settlement
from audit.querysets import ACT, FIRST_OF_REQUEST, equal, id_bounds
from kit.ids import time_of


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """What is empty does not filter.

    `until` is exclusive; `caller_ids` are keys or identity providers; `outcome` is a kind, `requested` for still open.
    Project, model and cost are known of requests that were settled, and so is `settled`: columns of settlements that
    are equal to these values, and `tag`, one of theirs.
    """

    since: datetime | None = None
    until: datetime | None = None
    team_id: UUID | None = None
    project_id: UUID | None = None
    caller_ids: frozenset[UUID] | None = None
    model: str | None = None
    outcome: str | None = None
    min_cost_nano_usd: int | None = None
    settled: Mapping[str, Any] = field(default_factory=dict)
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request as a list shows it: its first record, and the settlement once there is one, with what corrects it."""

    record: Record
    settlement: Settlement | None
    corrections: tuple[Correction, ...] = ()

    @property
    def id(self) -> UUID:
        return self.record.id

    @property
    def came_in_at(self) -> datetime:
        return time_of(self.record.id)

    @property
    def outcome(self) -> str:
        """A kind; `requested` while the request is open."""
        return self.settlement.outcome if self.settlement else self.record.kind

    @property
    def cost_nano_usd(self) -> int | None:
        """With all corrections."""
        return self.settlement.cost_nano_usd + self.corrected_nano_usd if self.settlement else None

    @property
    def corrected_nano_usd(self) -> int:
        return sum(correction.difference_nano_usd for correction in self.corrections)


@dataclass(frozen=True, slots=True)
class RequestStory:
    """Everything on record about one request, oldest first."""

    line: RequestLine
    records: list[Record] = field(default_factory=list)


def requests(
    wanted: RequestFilter = RequestFilter(), *, before: UUID | None = None, limit: int = 50
) -> list[RequestLine]:
    """The newest requests, refused ones included."""
    rows = Record.objects.filter(FIRST_OF_REQUEST, id_bounds("id", wanted.since, wanted.until))
    if before is not None:
        rows = rows.filter(id__lt=before)
    return _with_settlements(_narrowed(rows, wanted).order_by("-id")[:limit])


def request(request_id: UUID) -> RequestStory | None:
    """One request with all its records; none where it does not exist or belongs to somebody else."""
    lines = _with_settlements(Record.objects.filter(FIRST_OF_REQUEST, id=request_id))
    if not lines:
        return None
    line = lines[0]
    later = [line.settlement.outcome_record_id] if line.settlement else []
    later += [correction.record_id for correction in line.corrections]
    records = Record.objects.filter(id__in=later).order_by("id")
    return RequestStory(line, [line.record, *(record for record in records if record.id != line.id)])


def acts(*, before: UUID | None = None, limit: int = 50) -> list[Record]:
    """The organisation's acts of governance, newest first."""
    rows = Record.objects.filter(ACT)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def timeline(object_id: UUID, object_kind: str | None = None) -> QuerySet[Record]:
    """The acts on one object, newest first."""
    rows = Record.objects.filter(ACT, object_id=object_id)
    if object_kind is not None:
        rows = rows.filter(object_kind=object_kind)
    return rows.order_by("-id")


def content(record: Record) -> dict[str, Any]:
    """What a record says, as data."""
    said: dict[str, Any] = orjson.loads(bytes(record.envelope))
    return said


def _narrowed(rows: QuerySet[Record], wanted: RequestFilter) -> QuerySet[Record]:
    settled = Settlement.objects.filter(request_id=OuterRef("id"))
    if wanted.team_id is not None:
        rows = rows.filter(team_id=wanted.team_id)
    if wanted.caller_ids is not None:
        rows = rows.filter(actor_id__in=wanted.caller_ids)
    if wanted.project_id is not None:
        rows = rows.filter(Exists(settled.filter(project_id=wanted.project_id)))
    if wanted.model is not None:
        rows = rows.filter(Exists(settled.filter(model=wanted.model)))
    if wanted.min_cost_nano_usd is not None:
        rows = rows.filter(Exists(settled.filter(cost_nano_usd__gte=wanted.min_cost_nano_usd)))
    if wanted.settled:
        rows = rows.filter(Exists(settled.filter(equal(wanted.settled))))
    if wanted.tag is not None:
        rows = rows.filter(Exists(settled.filter(tags__contains=[wanted.tag])))
    if wanted.outcome == Kind.REQUESTED:
        rows = rows.filter(kind=Kind.REQUESTED).exclude(Exists(settled))
    elif wanted.outcome is not None:
        stands_alone = Q(kind=wanted.outcome)
        rows = rows.filter(stands_alone | Exists(settled.filter(outcome=wanted.outcome)))
    return rows


def _with_settlements(rows: Iterable[Record]) -> list[RequestLine]:
    records = list(rows)
    ids = [record.id for record in records]
    settlements = Settlement.objects.in_bulk(ids)
    corrections: dict[UUID, list[Correction]] = {}
    for correction in Correction.objects.filter(request_id__in=ids):
        corrections.setdefault(correction.request_id, []).append(correction)
    return [
        RequestLine(record, settlements.get(record.id), tuple(corrections.get(record.id, ()))) for record in records
    ]
