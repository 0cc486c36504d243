"""What a call asks of its limits and budgets, and what it is answered.

Limits and budget lines belong to the caller's policy and live as long as it does: they carry their own wire form, so
that a call does not encode them again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal
from uuid import UUID

from gateway.admission.resp import bulks

Level = Literal["end_user", "key", "project", "team", "organization"]
Quantity = Literal["requests", "input_tokens", "output_tokens", "tokens"]
Window = Literal["minute", "hour", "day"]
QUANTITIES: tuple[Quantity, ...] = ("requests", "input_tokens", "output_tokens", "tokens")
WINDOWS: dict[Window, int] = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}  # milliseconds

_LATE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """So much of something in each window: a bucket of that size which drains steadily.

    A burst of a whole window's worth passes, then the rate. `tokens` are input and output together.
    """

    quantity: Quantity
    window: Window
    ceiling: int

    @property
    def code(self) -> int:
        """The rate's number in the scripts, `lua/common.lua`."""
        return QUANTITIES.index(self.quantity) * len(WINDOWS) + list(WINDOWS).index(self.window)


@dataclass(frozen=True, slots=True)
class Limit:
    """The ceilings of one level. What is not named has none; a ceiling of 0 lets nothing pass."""

    level: Level
    level_id: UUID
    rates: tuple[Rate, ...] = ()
    concurrency: int | None = None
    wire: bytes = field(init=False, repr=False, compare=False)
    arguments: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if any(rate.ceiling < 0 for rate in self.rates) or (self.concurrency or 0) < 0:
            raise ValueError("a ceiling is not negative")
        rates = tuple(sorted(self.rates, key=lambda rate: rate.code))
        places = "" if self.concurrency is None else self.concurrency
        pairs = (part for rate in rates for part in (rate.code, rate.ceiling))
        encoded = (level_field(self.level, self.level_id), places, len(rates), *pairs)
        object.__setattr__(self, "rates", rates)
        object.__setattr__(self, "wire", bulks(encoded))
        object.__setattr__(self, "arguments", len(encoded))


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One budget a call is charged to, in its present period.

    `period` names the period; the ids of one budget's periods sort in the order of time (`2026-11-21` before
    `2026-11-22`), since a newer one starts the count at zero. `resets_at` is None for a budget that never does.
    `account_id` is what it is counted under where it is an allowance for each of many. One with a `model` is held for a
    call that may go to it, and charged if it went there. One that only warns refuses nothing; of one with a
    `downgrade_model` a refusal is a reason to try that instead.
    """

    budget_id: UUID
    name: str
    level: Level
    limit_nano_usd: int
    period: str
    resets_at: datetime | None = None
    account_id: UUID | None = None
    model: str = ""
    only_warns: bool = False
    downgrade_model: str = ""
    per_request_nano_usd: int | None = None
    wire: bytes = field(init=False, repr=False, compare=False)

    ARGUMENTS = 5

    def __post_init__(self) -> None:
        if self.limit_nano_usd < 0 or not self.period:
            raise ValueError("a budget has a period and a limit that is not negative")
        warns = "1" if self.only_warns else ""
        ends = self._forgotten_at_ms()
        encoded = bulks((budget_field(self.charged_id), self.period, self.limit_nano_usd, warns, ends))
        object.__setattr__(self, "wire", encoded)

    @property
    def charged_id(self) -> UUID:
        """What the counters and the books know it by."""
        return self.account_id or self.budget_id

    def _forgotten_at_ms(self) -> int | str:
        """End users are many: what one used of a period that is long over is not kept in the counters."""
        if self.level != "end_user" or self.resets_at is None:
            return ""
        return int((self.resets_at + _LATE).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Hold:
    """The worst case of one call: at most so many tokens, at most so much money, for so long without a renewal."""

    request_id: UUID
    organization_id: UUID
    limits: tuple[Limit, ...]
    budgets: tuple[BudgetLine, ...]
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int
    lease_seconds: int = 120

    def __post_init__(self) -> None:
        if min(self.input_tokens, self.output_tokens, self.cost_nano_usd) < 0 or self.lease_seconds <= 0:
            raise ValueError("tokens and cost are not negative, and a lease lasts")

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def asks(self, quantity: Quantity) -> int:
        """How much of it the call may use."""
        return 1 if quantity == "requests" else int(getattr(self, quantity))


@dataclass(frozen=True, slots=True)
class Held:
    """The call may go on. What is left is that of the tightest rate and budget; None where nothing limits.

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
    beyond: tuple[BudgetLine, ...] = ()  # those that only warn, and that the call goes beyond


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
