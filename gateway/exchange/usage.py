"""What an answer cost, from the provider's count or, where it gives none, from our own, marked as such."""

from __future__ import annotations

from audit.pricing import charge as pricing
from gateway.exchange.exchange import Exchange, Usage
from gateway.exchange.stages.admit import charge_of_attempts, most_output

_BYTES_PER_TOKEN = 4  # of English prose with current tokenizers; only for answers nobody counted


def received(exchange: Exchange) -> Usage:
    """Our own count of what was sent and of the events that came: at the least a token each."""
    return estimated(exchange, max(exchange.events, -(-exchange.said.bytes() // _BYTES_PER_TOKEN)))


def of_answer(exchange: Exchange, body: bytes) -> Usage:
    """Our own count of a whole answer that came without one."""
    return estimated(exchange, -(-len(body) // _BYTES_PER_TOKEN))


def at_most(exchange: Exchange) -> Usage:
    """Of a call that was sent and whose answer nobody saw: what it could have come to."""
    return estimated(exchange, _most_output(exchange))


def estimated(exchange: Exchange, output_tokens: int) -> Usage:
    """Of an answer that nobody counted."""
    output = min(output_tokens, _most_output(exchange))
    return Usage(input_tokens=exchange.input_bound, output_tokens=output, estimated=True)


def _most_output(exchange: Exchange) -> int:
    assert exchange.answered_by is not None
    return most_output(exchange, exchange.answered_by)


def charge(exchange: Exchange) -> None:
    """Sets the cost from the usage, and that of earlier attempts that may be charged although they failed."""
    cost = charge_of_attempts(exchange)
    if cost:
        exchange.usage = exchange.usage or Usage(estimated=True)
        exchange.usage.estimated = True
    if exchange.usage is not None and exchange.answered_by is not None:
        cost += pricing.cost(exchange.usage, exchange.answered_by.rates())
    exchange.cost_nano_usd = cost
