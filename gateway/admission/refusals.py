"""What a refused caller hears: which limit or budget, and when another try makes sense."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from typing import Any
from uuid import UUID

from gateway.admission.holds import BudgetLine, Hold, Limit
from kit import money
from kit.errors import BudgetExceeded, RateLimited, Unavailable

DO_NOT_RETRY = {"x-should-retry": "false"}
_NEVER = datetime.max.replace(tzinfo=UTC)


def limited(hold: Hold, refusals: list[Any]) -> RateLimited:
    """`refusals` are [position, kind, retry after ms], -1 for never; the one that lasts longest is named."""
    position, kind, wait = max(refusals, key=lambda refusal: float("inf") if refusal[2] < 0 else refusal[2])
    limit = hold.limits[position]
    details = {"level": limit.level, "level_id": str(limit.level_id), "kind": kind.decode()}
    if wait < 0:
        return RateLimited(_never_fits(hold, limit, kind), headers=DO_NOT_RETRY, details=details)
    wait = max(wait, 1)
    return RateLimited(
        f"The {limit.level}'s limit on {_CEILINGS[kind].format(limit=limit)} is used up. Try again in {wait} ms.",
        headers={"retry-after": str(ceil(wait / 1000)), "retry-after-ms": str(wait)},
        details={**details, "retry_after_ms": wait},
    )


def unaffordable(hold: Hold, refusals: list[Any]) -> BudgetExceeded:
    """`refusals` are [position, spent, held]; the budget that resets last is named."""
    position, spent, held = max(refusals, key=lambda refusal: _resets(hold.budgets[refusal[0]]))
    line = hold.budgets[position]
    left = max(0, line.limit_nano_usd - int(spent) - int(held))
    resets = f"It resets at {line.resets_at.isoformat()}." if line.resets_at else "It does not reset."
    return BudgetExceeded(
        f"The call may cost ${money.plain(hold.cost_nano_usd)} and ${money.plain(left)} is left of the budget "
        f"“{line.name}” of the {line.level}. {resets}",
        headers=DO_NOT_RETRY,
        details={
            "budget": {
                "id": str(line.budget_id),
                "name": line.name,
                "level": line.level,
                "limit_usd": money.plain(line.limit_nano_usd),
                "resets_at": line.resets_at.isoformat() if line.resets_at else None,
            },
            "worst_case_usd": money.plain(hold.cost_nano_usd),
        },
    )


def unavailable() -> Unavailable:
    """Limits and budgets cannot be read or written now."""
    return Unavailable(
        "Limits and budgets cannot be checked now. Try again shortly.",
        code="admission_unavailable",
        headers={"retry-after": "1"},
    )


_CEILINGS = {
    b"requests": "{limit.requests_per_minute} requests a minute",
    b"tokens": "{limit.tokens_per_minute} tokens a minute",
    b"concurrency": "{limit.concurrency} calls at a time",
}


def _never_fits(hold: Hold, limit: Limit, kind: bytes) -> str:
    ceiling = _CEILINGS[kind].format(limit=limit)
    if kind == b"tokens":
        return (
            f"The call may use {hold.tokens} tokens, more than the {limit.level}'s whole limit of {ceiling}. "
            "Shorten the prompt or ask for fewer output tokens."
        )
    return f"The {limit.level}'s limit of {ceiling} lets no call pass."


def _resets(line: BudgetLine) -> tuple[datetime, UUID]:
    return line.resets_at or _NEVER, line.budget_id
