"""A live approval whose static conditions hold, for at least one candidate."""

from __future__ import annotations

from gateway.exchange.exchange import Exchange
from gateway.routing import conditions
from kit import clock


def authorize(exchange: Exchange) -> None:
    """Keeps the candidates an approval covers. Raises `errors.Forbidden` naming the condition that failed."""
    approvals = exchange.services.snapshot.approvals
    exchange.candidates = conditions.authorized(
        exchange.candidates, approvals.all, exchange.caller.credential, clock.now()
    )
    exchange.approval = exchange.candidates[0].approval
