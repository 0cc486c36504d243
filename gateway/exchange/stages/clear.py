"""Whether data of this class may go where it would go."""

from __future__ import annotations

from gateway.exchange.exchange import Exchange
from gateway.routing import conditions
from gateway.routing.attempts import MAX_ATTEMPTS
from kit import errors


def clear(exchange: Exchange) -> None:
    """Prunes candidates by the class ceilings of key and approval. Raises `errors.Forbidden`."""
    if exchange.data_class > exchange.caller.credential.max_data_class:
        raise errors.Forbidden(
            "The data is more sensitive than the key allows.",
            code="condition_data_class",
            details={"data_class": exchange.data_class.label, "ceiling": "api_key"},
        )
    cleared = conditions.cleared(exchange.services.snapshot, exchange.candidates, exchange.data_class, exchange.call)
    exchange.candidates = cleared[:MAX_ATTEMPTS]  # the others will not be tried, so nothing is held for them
    exchange.goes_by(exchange.candidates[0])
