"""What a refused caller hears: which limit or budget, and when another try makes sense."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any
from uuid import UUID

from gateway.admission.holds import QUANTITIES, BudgetLine, Hold, Limit, Rate
from kit import money
from kit.errors import BudgetExceeded, RateLimited, Unavailable

# Position of the level, code of the rate (-1: calls at once), milliseconds after which a retry makes sense (-1: never).
Refusal = tuple[int, int, int]

DO_NOT_RETRY = {"x-should-retry": "false"}
_NEVER = datetime.max.replace(tzinfo=UTC)
_LEVELS = {level: level.replace("_", " ") for level in ("end_user", "key", "project", "team", "organization")}
_QUANTITIES = {quantity: quantity.replace("_", " ") for quantity in QUANTITIES}
_WINDOWS = {"minute": "a minute", "hour": "an hour", "day": "a day"}
_SHORTEN = {
    "input_tokens": "Shorten the prompt.",
    "output_tokens": "Ask for fewer output tokens.",
    "tokens": "Shorten the prompt or ask for fewer output tokens.",
}


def limited(hold: Hold, refusals: Sequence[Refusal]) -> RateLimited:
    """The one that lasts longest is named."""
    position, code, wait = max(refusals, key=lambda refusal: float("inf") if refusal[2] < 0 else refusal[2])
    limit = hold.limits[position]
    rate = next((rate for rate in limit.rates if rate.code == code), None)
    ceiling = _ceiling(limit, rate)
    details: dict[str, object] = {"level": limit.level, "level_id": str(limit.level_id)}
    details |= {"kind": rate.quantity, "window": rate.window} if rate else {"kind": "concurrency"}
    if wait < 0:
        return RateLimited(_never_fits(hold, limit, rate), headers=DO_NOT_RETRY, details=details)
    wait = max(wait, 1)
    return RateLimited(
        f"The {_LEVELS[limit.level]}'s limit on {ceiling} is used up. Try again in {wait} ms.",
        headers={"retry-after": str(ceil(wait / 1000)), "retry-after-ms": str(wait)},
        details={**details, "retry_after_ms": wait},
    )


def unaffordable(hold: Hold, refusals: list[Any]) -> BudgetExceeded:
    """`refusals` are [position, spent, held]; the one that resets last is named, one that downgrades after all."""
    position, spent, held = max(refusals, key=lambda refusal: _lasts(hold.budgets[refusal[0]]))
    line = hold.budgets[position]
    left = max(0, line.limit_nano_usd - int(spent) - int(held))
    resets = f"It resets at {line.resets_at.isoformat()}." if line.resets_at else "It does not reset."
    return BudgetExceeded(
        f"The call may cost ${money.plain(hold.cost_nano_usd)} and ${money.plain(left)} is left of the budget "
        f"“{line.name}” of the {_LEVELS[line.level]}. {resets}",
        headers=DO_NOT_RETRY,
        details={"budget": _told(line), "worst_case_usd": money.plain(hold.cost_nano_usd)},
    )


def too_dear(hold: Hold, line: BudgetLine) -> BudgetExceeded:
    """The call alone may cost more than a budget lets one request cost."""
    ceiling = money.plain(line.per_request_nano_usd or 0)
    return BudgetExceeded(
        f"The call may cost ${money.plain(hold.cost_nano_usd)}, and the budget “{line.name}” of the "
        f"{_LEVELS[line.level]} lets one request cost ${ceiling}. Shorten the prompt or ask for fewer output tokens.",
        code="request_too_expensive",
        headers=DO_NOT_RETRY,
        details={
            "budget": {**_told(line), "per_request_usd": ceiling},
            "worst_case_usd": money.plain(hold.cost_nano_usd),
        },
    )


def budget_of(refused: BudgetExceeded) -> UUID:
    """The budget that is named as the one without room."""
    return UUID(refused.details["budget"]["id"])


def _told(line: BudgetLine) -> dict[str, str | None]:
    return {
        "id": str(line.budget_id),
        "name": line.name,
        "level": line.level,
        "limit_usd": money.plain(line.limit_nano_usd),
        "resets_at": line.resets_at.isoformat() if line.resets_at else None,
    }


def unavailable() -> Unavailable:
    """Limits and budgets cannot be read or written now."""
    return Unavailable(
        "Limits and budgets cannot be checked now. Try again shortly.",
        code="admission_unavailable",
        headers={"retry-after": "1"},
    )


def _ceiling(limit: Limit, rate: Rate | None) -> str:
    if rate is None:
        return f"{limit.concurrency} calls at a time"
    return f"{rate.ceiling} {_QUANTITIES[rate.quantity]} {_WINDOWS[rate.window]}"


def _never_fits(hold: Hold, limit: Limit, rate: Rate | None) -> str:
    level, ceiling = _LEVELS[limit.level], _ceiling(limit, rate)
    if rate is not None and rate.quantity != "requests":
        return (
            f"The call may use {hold.asks(rate.quantity)} {_QUANTITIES[rate.quantity]}, more than the {level}'s whole "
            f"limit of {ceiling}. {_SHORTEN[rate.quantity]}"
        )
    return f"The {level}'s limit of {ceiling} lets no call pass."


def _lasts(line: BudgetLine) -> tuple[bool, datetime, UUID]:
    return not line.downgrade_model, line.resets_at or _NEVER, line.budget_id
