"""Rows as the gateway gives them, and their form as arguments of `audit_append`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from audit.choices import BodyPart, CallerKind, Outcome
from audit.ledger.dimensions import Dimensions, optional_id


@dataclass(slots=True)
class SealedBody:
    """A body as the vault seals it. `commit` and `ct_hash` (32 bytes each) go into the record's envelope."""

    part: BodyPart
    data_key_id: UUID
    ciphertext: bytes
    commit: bytes
    ct_hash: bytes


@dataclass(slots=True)
class Hold:
    """What is held for a request while it is open. Kept in its `requested` record.

    `budgets` maps the id of each budget charged to the period it is charged in: `{"<id>": "2026-11"}`. `tokens` are
    input and output together; `end_user_levels` are ids of limits that count this end user alone.
    """

    project_id: UUID | None
    api_key_id: UUID | None
    model: str
    tokens: int
    cost_nano_usd: int
    budgets: Mapping[str, str]
    admitted_at: datetime
    dimensions: Dimensions = field(default_factory=Dimensions)
    input_tokens: int = 0
    end_user_levels: tuple[UUID, ...] = ()

    @classmethod
    def stored(cls, fields: Mapping[str, Any]) -> Hold:
        """From the JSON kept in the record."""
        return cls(
            project_id=optional_id(fields["project_id"]),
            api_key_id=optional_id(fields["api_key_id"]),
            model=fields["model"],
            tokens=fields["tokens"],
            cost_nano_usd=fields["cost_nano_usd"],
            budgets=fields["budgets"],
            admitted_at=datetime.fromisoformat(fields["admitted_at"]),
            dimensions=Dimensions.stored(fields["dimensions"]) if "dimensions" in fields else Dimensions(),
            input_tokens=fields.get("input_tokens", 0),
            end_user_levels=tuple(UUID(level) for level in fields.get("end_user_levels", ())),
        )


@dataclass(slots=True)
class Settled:
    """What was used in the end, out of a hold. `estimated`: not the provider's own figures.

    `error` is the code a call failed with. Latencies are none where nobody saw the end, or no event came.
    """

    hold: Hold
    model: str
    cost_nano_usd: int
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    further_quantities: Mapping[str, int] | None = None
    service_tier: str = "standard"
    deployment_id: UUID | None = None
    price_id: UUID | None = None
    provider_id: UUID | None = None
    tier: str = ""
    cache: str = "bypass"
    estimated: bool = False
    error: str | None = None
    latency_ms: int | None = None
    first_event_ms: int | None = None


@dataclass(slots=True)
class RequestedRow:
    """A call about to be made. `epoch` is that of the counters the hold was made under; none: nothing is held."""

    id: UUID
    organization_id: UUID
    team_id: UUID | None
    actor_kind: CallerKind
    actor_id: UUID
    envelope: bytes
    hold: Hold
    epoch: str | None = None
    bodies: tuple[SealedBody, ...] = ()


@dataclass(slots=True)
class OutcomeRow:
    """The end of a request. With `id == request_id` it stands alone: a refusal before the hold, or a cache hit."""

    id: UUID
    request_id: UUID
    organization_id: UUID
    team_id: UUID | None
    kind: Outcome
    actor_kind: CallerKind
    actor_id: UUID
    envelope: bytes
    settlement: Settled | None = None
    bodies: tuple[SealedBody, ...] = ()


Row = RequestedRow | OutcomeRow


@dataclass(slots=True)
class Encoded:
    """A row ready to be sent, encoded when it is given: a value that cannot be encoded fails its own caller."""

    row: Row
    record: bytes
    settlement: bytes | None
    bodies: tuple[bytes, ...]
    size: int


def encoded(row: Row, *, settling: bool = True) -> Encoded:
    """`settling=False`: the record is written whatever is settled. Raises `TypeError` for what JSON cannot hold."""
    settlement = None
    if isinstance(row, RequestedRow):
        record = orjson.dumps(_requested(row))
    else:
        settled = row.settlement
        record = orjson.dumps(_outcome(row, settles=settling and settled is not None))
        if settled is not None:
            settlement = orjson.dumps(_settlement(row.id, settled))
    bodies = tuple(
        orjson.dumps({"record_id": row.id, "part": body.part, "data_key_id": body.data_key_id}) for body in row.bodies
    )
    size = 2048 + len(row.envelope) + sum(len(body.ciphertext) for body in row.bodies)
    return Encoded(row, record, settlement, bodies, size)


@dataclass(slots=True)
class Columns:
    """A batch as `audit_append` and `audit_correct` take it: JSON arrays, and what is binary beside them."""

    records: bytes
    envelopes: list[bytes]
    settlements: bytes
    bodies: bytes
    ciphertexts: list[bytes]

    @classmethod
    def of(cls, batch: Sequence[Encoded]) -> Columns:
        return cls(
            _array([one.record for one in batch]),
            [one.row.envelope for one in batch],
            _array([one.settlement for one in batch if one.settlement is not None]),
            _array([body for one in batch for body in one.bodies]),
            [body.ciphertext for one in batch for body in one.row.bodies],
        )


def _requested(row: RequestedRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "organization_id": row.organization_id,
        "team_id": row.team_id,
        "request_id": row.id,
        "kind": "requested",
        "actor_kind": row.actor_kind,
        "actor_id": row.actor_id,
        "epoch": row.epoch,
        "hold": row.hold,
    }


def _outcome(row: OutcomeRow, *, settles: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "organization_id": row.organization_id,
        "team_id": row.team_id,
        "request_id": row.request_id,
        "kind": row.kind,
        "actor_kind": row.actor_kind,
        "actor_id": row.actor_id,
        "settles": settles,
    }


def _settlement(record_id: UUID, settled: Settled) -> dict[str, Any]:
    hold, dimensions = settled.hold, settled.hold.dimensions
    return {
        "record_id": record_id,
        "project_id": hold.project_id,
        "api_key_id": hold.api_key_id,
        "deployment_id": settled.deployment_id,
        "price_id": settled.price_id,
        "model": settled.model,
        "estimated": settled.estimated,
        "input_tokens": settled.input_tokens,
        "cached_input_tokens": settled.cached_input_tokens,
        "output_tokens": settled.output_tokens,
        "reasoning_tokens": settled.reasoning_tokens,
        "cost_nano_usd": settled.cost_nano_usd,
        "held_nano_usd": hold.cost_nano_usd,
        "admitted_at": hold.admitted_at,
        "budgets": hold.budgets,
        "provider_id": settled.provider_id,
        "use_case_id": dimensions.use_case_id,
        "subject_id": dimensions.subject_id,
        "prompt_version_id": dimensions.prompt_version_id,
        "operation": dimensions.operation,
        "tier": settled.tier,
        "route": dimensions.route,
        "pipeline": dimensions.pipeline,
        "cache": settled.cache,
        "tags": dimensions.tags,
        "error": settled.error,
        "latency_ms": settled.latency_ms,
        "first_event_ms": settled.first_event_ms,
        "further_quantities": settled.further_quantities,
        "service_tier": settled.service_tier,
    }


def _array(items: list[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"
