"""What a call asks of its limits and budgets, and what it is answered.

Limits and budget lines belong to the caller's policy and live as long as it does: they carry their own wire form, so
that a call does not encode them again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal
from uuid import UUID

from gateway.admission.resp import bulks

Level = Literal["key", "project", "team", "organization"]


@dataclass(frozen=True, slots=True)
class Limit:
    """The ceilings of one level. None is no ceiling of that kind; 0 lets nothing pass.

    A ceiling per minute is a bucket of that size which drains steadily: a burst of a whole minute's worth passes,
    then the rate.
    """

    level: Level
    level_id: UUID
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    wire: bytes = field(init=False, repr=False, compare=False)

    ARGUMENTS = 4

    def __post_init__(self) -> None:
        ceilings = (self.requests_per_minute, self.tokens_per_minute, self.concurrency)
        if any(ceiling is not None and ceiling < 0 for ceiling in ceilings):
            raise ValueError("a ceiling is not negative")
        texts = ("" if ceiling is None else ceiling for ceiling in ceilings)
        object.__setattr__(self, "wire", bulks((level_field(self.level, self.level_id), *texts)))


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One budget a call is charged to, in its present period.

    `period` names the period; the ids of one budget's periods sort in the order of time (`2026-11-21` before
    `2026-11-22`), since a newer one starts the count at zero. `resets_at` is None for a budget that never does.
    """

    budget_id: UUID
    name: str
    level: Level
    limit_nano_usd: int
    period: str
    resets_at: datetime | None = None
    wire: bytes = field(init=False, repr=False, compare=False)

    ARGUMENTS = 3

    def __post_init__(self) -> None:
        if self.limit_nano_usd < 0 or not self.period:
            raise ValueError("a budget has a period and a limit that is not negative")
        encoded = bulks((budget_field(self.budget_id), self.period, self.limit_nano_usd))
        object.__setattr__(self, "wire", encoded)


@dataclass(frozen=True, slots=True)
class Hold:
    """The worst case of one call: at most so many tokens, at most so much money, for so long without a renewal."""

    request_id: UUID
    organization_id: UUID
    limits: tuple[Limit, ...]
    budgets: tuple[BudgetLine, ...]
    tokens: int
    cost_nano_usd: int
    lease_seconds: int = 120

    def __post_init__(self) -> None:
        if self.tokens < 0 or self.cost_nano_usd < 0 or self.lease_seconds <= 0:
            raise ValueError("tokens and cost are not negative, and a lease lasts")


@dataclass(frozen=True, slots=True)
class Held:
    """The call may go on. What is left is that of the tightest level and budget; None where nothing limits.

    `epoch` is the state the hold was made in. Where it is no longer the current one, the hold may be lost with the
    state: hold again before anything leaves the process. None where no server held it (`admission.share`).
    """

    epoch: str | None
    remaining_requests: int | None
    limit_requests: int | None
    reset_requests_ms: int | None
    remaining_tokens: int | None
    limit_tokens: int | None
    reset_tokens_ms: int | None
    remaining_nano_usd: int | None


class Settled(Enum):
    """What a settlement met."""

    SETTLED = b"settled"
    LATE = b"late"  # its lease was over; it counts all the same
    UNKNOWN = b"unknown"  # settled before, or part of the rebuilt state already: nothing was added


@dataclass(frozen=True, slots=True)
class Spending:
    """Where a budget stands in the period asked for."""

    spent_nano_usd: int
    held_nano_usd: int


def level_field(level: Level, level_id: UUID) -> str:
    """The level's field in the organisation's state."""
    return f"{level[0]}:{level_id.hex}"


def budget_field(budget_id: UUID) -> str:
    """The budget's field in the organisation's state."""
    return f"b:{budget_id.hex}"
