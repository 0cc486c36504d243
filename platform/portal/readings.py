"""Requests as the portal's screens show them: the ledger's lines with what their last records say. No bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit import selectors
from audit.choices import Kind
from audit.models import Record
from audit.selectors import RequestFilter, RequestLine
from tenants.models import ApiKey

# By kind; `requested` is one whose end is not recorded yet.
STATUSES: dict[str, str] = {Kind.REQUESTED.value: "under way"} | {
    kind.value: kind.label for kind in Kind if kind not in (Kind.REQUESTED, Kind.ACT)
}


@dataclass(frozen=True, slots=True)
class Request:
    """`said` is the envelope of the outcome; of a request under way, of what it began with."""

    line: RequestLine
    said: Mapping[str, Any]

    @property
    def id(self) -> UUID:
        return self.line.id

    @property
    def decided(self) -> Mapping[str, Any]:
        """Ids of the versions that decided."""
        return self.said.get("decided") or {}

    @property
    def model(self) -> str:
        """The one that answered or was to; of a request that got no further, the name or route it asked for."""
        if self.line.settlement:
            return self.line.settlement.model
        return self.decided.get("model") or self.decided.get("route") or ""

    @property
    def latency_ms(self) -> float | None:
        """All stages together; none while it is under way."""
        stages = self.said.get("latency_us") or {}
        return sum(stages.values()) / 1000 if stages else None

    @property
    def stages(self) -> list[tuple[str, float]]:
        """(stage, milliseconds), as they were recorded."""
        return [(name, spent / 1000) for name, spent in (self.said.get("latency_us") or {}).items()]


def requests(wanted: RequestFilter, *, before: UUID | None, limit: int) -> list[Request]:
    """Newest first, those with an id smaller than `before`."""
    lines = selectors.requests(wanted, before=before, limit=limit)
    outcomes = Record.objects.in_bulk([line.settlement.outcome_record_id for line in lines if line.settlement])
    return [_request(line, outcomes) for line in lines]


def told(story: selectors.RequestStory) -> Request:
    """The request a story is about."""
    return _request(story.line, {record.id: record for record in story.records})


def prefixes_of(key_ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(ApiKey.objects.filter(id__in=set(key_ids)).values_list("id", "prefix"))


def _request(line: RequestLine, outcomes: Mapping[UUID, Record]) -> Request:
    settlement = line.settlement
    last = outcomes.get(settlement.outcome_record_id, line.record) if settlement else line.record
    return Request(line, selectors.content(last))
