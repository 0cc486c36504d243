"""What a look comes back with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from governance.alerting.terms import Terms
from governance.models import AlertKind, Severity

Unit = Literal["nano_usd", "tokens", "percent", "ms"]


@dataclass(frozen=True, slots=True)
class Drive:
    """A part of the difference, in per cent of it. `member` is an id, or the name of a model or operation."""

    dimension: str
    member: str
    share: int


@dataclass(frozen=True, slots=True)
class Subject:
    """`key` names it for good, as `team:<id>`; `name` is how it was called when it was found."""

    key: str
    name: str
    team_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is so now. With a `period` it is told once in that; without one, each time it begins. Where its
    `level` rises it is told anew."""

    terms: Terms
    subject: Subject
    finding: str
    unit: Unit
    seen: int
    bound: int
    since: datetime
    expected: int | None = None
    period: str = ""
    level: int = 0
    severity: Severity | None = None
    drivers: tuple[Drive, ...] = ()

    @property
    def kind(self) -> AlertKind:
        return self.terms.kind


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, and the kinds that were looked at: an alert of one of these that is not found is over."""

    kinds: frozenset[AlertKind]
    found: tuple[Found, ...]
