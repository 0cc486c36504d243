"""What the input holds, and so how sensitive the call is."""

from __future__ import annotations

from gateway.exchange.exchange import Exchange
from gateway.guards import engine
from kit import errors


def inspect_input(exchange: Exchange) -> None:
    """Sets the inspection and the data class. Raises `errors.InvalidRequest` where the policy refuses the input."""
    exchange.inspection = inspection = engine.inspect(
        exchange.chat.texts(),
        exchange.services.guard_policy,
        not_scanned=exchange.chat.not_scanned(),
        instructions=exchange.chat.instruction_paths(),
    )
    exchange.data_class = max(exchange.declared_class, inspection.data_class)
    if inspection.refusal is not None:
        raise errors.InvalidRequest("The input was refused by inspection.", code=inspection.refusal)
