"""A call that says how urgent it is waits where a limit refuses it for a moment, and is decided on anew then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable

from gateway.admission.line import LEAST, MOST, Place
from gateway.exchange.exchange import Exchange
from gateway.exchange.stages.authenticate import again
from gateway.exchange.stages.authorize import authorize
from gateway.exchange.stages.clear import clear
from gateway.exchange.stages.resolve import resolve
from gateway.exchange.suspended import require_in_service
from kit import errors
from kit.clock import monotonic


def priority(exchange: Exchange) -> int | None:
    """From `x-chancery-priority`, else `metadata` or the body; none for a call that does not wait.

    Raises `errors.InvalidRequest`.
    """
    said = exchange.header(b"x-chancery-priority") or exchange.chat.hint("priority")
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) <= 2 and LEAST <= int(said) <= MOST):
        raise errors.InvalidRequest(f"A priority is a number from {LEAST} to {MOST}.", param="x-chancery-priority")
    return int(said)


async def patiently(exchange: Exchange, hold: Callable[[Exchange], Awaitable[None]]) -> None:
    """Holds the call, at once or within the time that calls may wait.

    Raises what `hold` raises; and after a wait what refuses the call by then: a key may be revoked meanwhile.
    """
    urgency = priority(exchange)
    if urgency is None:
        await hold(exchange)
        return
    line, until = exchange.services.line, monotonic() + exchange.services.wait_seconds
    place: Place | None = None
    try:
        while True:
            try:
                await hold(exchange)
                return
            except errors.RateLimited as refused:
                pause = refused.details.get("retry_after_ms")
                if not isinstance(pause, int):  # it never fits
                    raise
                place = _place(exchange, place, _lane(refused), urgency)
                if place is None or not await line.turn(place, pause / 1000, until):
                    raise
            _decide_again(exchange)
    finally:
        if place is not None:
            line.leave(place)


def _place(exchange: Exchange, before: Place | None, lane: Hashable, urgency: int) -> Place | None:
    """The one it has, where the same limit refuses it again."""
    line = exchange.services.line
    if before is not None and before.lane == lane:
        return before
    if before is not None:
        line.leave(before)
    return line.enter(lane, exchange.caller.organization.id, urgency)


def _lane(refused: errors.RateLimited) -> Hashable:
    return tuple(refused.details.get(name) for name in ("level_id", "kind", "window"))


def _decide_again(exchange: Exchange) -> None:
    """By the policy in force now, which may be another than when the call came."""
    services = exchange.services
    if not services.snapshot.freshness.holds(services.snapshot_max_age_seconds):
        raise errors.Unavailable("The policy in force is not known.", code="snapshot_stale")
    exchange.caller = again(services, exchange.caller)
    require_in_service(services.snapshot, exchange.caller)
    exchange.downgraded_by = None
    resolve(exchange)
    authorize(exchange)
    clear(exchange)
