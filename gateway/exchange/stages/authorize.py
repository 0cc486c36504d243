"""A live approval whose static conditions hold, for at least one candidate; or glass that was broken for it."""

from __future__ import annotations

from gateway.exchange.exchange import Exchange
from gateway.routing import conditions
from gateway.routing.conditions import Call
from kit import clock


def authorize(exchange: Exchange) -> None:
    """Keeps the candidates that may be called. Raises `errors.Forbidden` naming the condition that failed."""
    snapshot, caller = exchange.services.snapshot, exchange.caller
    region = snapshot.region_of(caller.credential.project_id, caller.organization)
    call = Call(caller.credential, region, exchange.use_case, clock.now())
    exchange.candidates = conditions.authorized(
        exchange.candidates, snapshot.approvals.all, snapshot.break_glasses.all, call
    )
    exchange.approval = exchange.candidates[0].approval
