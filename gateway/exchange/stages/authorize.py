"""A live approval whose static conditions hold, or all but one that is waived; or broken glass."""

from __future__ import annotations

from gateway.exchange.exchange import Exchange
from gateway.routing import conditions
from gateway.routing.conditions import Call
from kit import clock


def authorize(exchange: Exchange) -> None:
    """Keeps the candidates that may be called. Raises `errors.Forbidden` naming the condition that failed."""
    snapshot, caller = exchange.services.snapshot, exchange.caller
    region = snapshot.region_of(caller.credential.project_id, caller.organization)
    exchange.call = Call(caller.credential, region, exchange.use_case, clock.now())
    exchange.candidates = conditions.authorized(snapshot, exchange.candidates, exchange.call)
    exchange.goes_by(exchange.candidates[0])
