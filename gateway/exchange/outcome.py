"""How an exchange ended, in words and figures, before its stages are left."""

from __future__ import annotations

import asyncio

from gateway.exchange import usage
from gateway.exchange.exchange import Exchange
from gateway.guards import engine
from gateway.providers.base import UpstreamFailure
from kit import errors


def note_completed(exchange: Exchange) -> None:
    """The answer is complete."""
    inspect_output(exchange)
    exchange.outcome = "completed"
    usage.charge(exchange)


def note_failure(exchange: Exchange, failure: BaseException) -> None:
    """Refused by us, failed upstream, cut off or left by the caller; what was received until then is paid for."""
    if exchange.cut_for is not None:
        exchange.outcome, exchange.failure_code = "failed", exchange.cut_for.code
    elif isinstance(failure, asyncio.CancelledError | GeneratorExit):
        exchange.outcome, exchange.failure_code = "cancelled", errors.Cancelled.code
    elif isinstance(failure, UpstreamFailure):
        exchange.outcome, exchange.failure_code = "failed", failure.failure_class.value
    elif isinstance(failure, errors.ChanceryError):
        exchange.outcome = "failed" if exchange.is_recorded else "refused"
        exchange.failure_code = failure.code
    else:
        exchange.outcome, exchange.failure_code = "failed", "internal_error"
    if exchange.trying is not None and exchange.usage is None:
        exchange.answered_by = exchange.trying
        exchange.usage = usage.received(exchange) if exchange.events else usage.at_most(exchange)
    usage.charge(exchange)
    if exchange.events:
        inspect_output(exchange)


def inspect_output(exchange: Exchange) -> None:
    """For the record: what was given is inspected at its end, so nothing is held back and nothing is changed."""
    if exchange.output_inspection is None:
        exchange.output_inspection = engine.inspect(
            exchange.said.texts(), exchange.services.guard_policy, not_scanned=sorted(exchange.said.not_scanned)
        )
