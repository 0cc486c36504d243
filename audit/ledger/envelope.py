"""What a record says: the part that is hashed, sealed and shown to an auditor. Canonical JSON, no free text.

The fields of each class stand in order of their names, because they are written in the order they stand in and
canonical JSON is sorted (a test holds them to it). Money is a decimal string of nano-USD, times are microseconds,
digests are hexadecimal, people are random ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

import orjson

from audit.choices import Outcome
from audit.ledger.canonical import FreeText, NotCanonical, canonical, canonical_labels, encode

__all__ = [
    "ActEnvelope",
    "AttemptMade",
    "BodyDigest",
    "Decided",
    "FreeText",
    "Held",
    "Named",
    "NotCanonical",
    "OutcomeEnvelope",
    "RequestedEnvelope",
    "TokenUsage",
    "Verdict",
    "canonical",
    "closing",
    "encode",
]


@dataclass(slots=True)
class Named:
    """An actor, or the object of an act."""

    id: UUID
    kind: str


@dataclass(slots=True)
class BodyDigest:
    """A body kept in the vault: `commit` = HMAC-SHA-256(nonce, plaintext), `ct_hash` = SHA-256(ciphertext)."""

    commit: str
    ct_hash: str
    part: str


@dataclass(slots=True)
class Decided:
    """The versions that decided. What had no part in the decision is null; with a `break_glass` no approval had one,
    and a `waiver` left one condition of the approval out. `beyond_budgets` are budgets that only warn; a budget that
    the call was `downgraded_by` had no room for the model that was asked for, one it was `refused_by` none at all."""

    approval: UUID | None = None
    beyond_budgets: tuple[UUID, ...] = ()
    break_glass: UUID | None = None
    deployment: UUID | None = None
    downgraded_by: UUID | None = None
    key: UUID | None = None
    model: str | None = None
    policy: str | None = None
    price: UUID | None = None
    prompt: UUID | None = None
    refused_by: UUID | None = None
    route: str | None = None
    snapshot: int | None = None
    use_case: str | None = None
    waiver: UUID | None = None


@dataclass(slots=True)
class Verdict:
    """What a control found: `passed`, `redacted`, `refused`, …, and `not_scanned` where that is the truth."""

    control: str
    findings: int
    verdict: str


@dataclass(slots=True)
class Held:
    """The worst case that was held before the call."""

    cost_nano_usd: str
    tokens: int


@dataclass(slots=True)
class TokenUsage:
    """Tokens as the provider counted them, or as we did where `estimated`. `further` are other quantities by name."""

    cached_input_tokens: int = 0
    estimated: bool = False
    further: Mapping[str, int] | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    service_tier: str = "standard"


@dataclass(slots=True)
class AttemptMade:
    """One try of one deployment; `code` names the failure."""

    code: str | None
    deployment: UUID
    latency_us: int
    status: int | None


@dataclass(slots=True)
class RequestedEnvelope:
    """A call is about to leave the process."""

    actor: Named
    bodies: tuple[BodyDigest, ...]
    data_class: str
    decided: Decided
    held: Held
    organization: UUID
    parent: UUID | None
    pipeline: str
    request: UUID
    subject: UUID | None
    team: UUID | None
    verdicts: tuple[Verdict, ...]
    version: str = "requested/1"


@dataclass(slots=True)
class OutcomeEnvelope:
    """How the request ended. `downstream` stays null: what was done with the answer is a record of its own."""

    actor: Named
    attempts: tuple[AttemptMade, ...]
    bodies: tuple[BodyDigest, ...]
    cache: str | None
    cost_nano_usd: str
    data_class: str | None
    decided: Decided
    error: str | None
    latency_us: Mapping[str, int]
    organization: UUID
    outcome: Outcome
    request: UUID
    streamed: bool
    subject: UUID | None
    team: UUID | None
    tool_calls: int
    usage: TokenUsage
    verdicts: tuple[Verdict, ...]
    version: str = "outcome/1"


@dataclass(slots=True)
class ActEnvelope:
    """An act of governance. `details` holds ids, labels and numbers; raises `FreeText` for anything else."""

    action: str
    actor: Named
    details: Mapping[str, Any] = field(default_factory=dict)
    object: Named | None = None
    organization: UUID | None = None
    team: UUID | None = None
    version: str = "act/1"

    def encode(self) -> bytes:
        canonical_labels(self.details)
        return canonical(
            {
                "action": self.action,
                "actor": {"id": self.actor.id, "kind": self.actor.kind},
                "details": self.details,
                "object": {"id": self.object.id, "kind": self.object.kind} if self.object else None,
                "organization": self.organization,
                "team": self.team,
                "version": self.version,
            }
        )


def closing(of_call: bytes, *, outcome: Outcome, error: str, cost_nano_usd: int, estimated: bool) -> bytes:
    """The outcome envelope of a call whose end nobody saw or could write, as far as another envelope of it tells."""
    known = orjson.loads(of_call)
    return canonical(
        {
            **{name: known[name] for name in ("data_class", "decided", "organization", "request", "subject", "team")},
            "actor": {"id": known["organization"], "kind": "system"},
            "attempts": [],
            "bodies": [],
            "cache": None,
            "cost_nano_usd": str(cost_nano_usd),
            "error": error,
            "latency_us": {},
            "outcome": outcome,
            "streamed": False,
            "tool_calls": 0,
            "usage": asdict(TokenUsage(estimated=estimated)),
            "verdicts": [],
            "version": "outcome/1",
        }
    )
