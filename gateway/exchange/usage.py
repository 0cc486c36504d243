"""What an answer cost, from the provider's count or, where it gives none, from our own, marked as such."""

from __future__ import annotations

from typing import Any

from gateway.admission import estimate
from gateway.exchange.exchange import Exchange, Usage
from gateway.exchange.stages.admit import charge_of_attempts, most_output

_BYTES_PER_TOKEN = 4  # of English prose with current tokenizers; only for answers nobody counted
_MOST_TOKENS = 10**9  # a larger count is none: no model reads or writes as much, and no amount of money is exact for it


def reported(usage: Any) -> Usage | None:
    """OpenAI's `usage` object: cached ⊂ prompt, reasoning ⊂ completion. None where it is missing or no count."""
    if not isinstance(usage, dict):
        return None
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if prompt is None or completion is None:
        return None
    cached = _count(usage.get("prompt_tokens_details"), "cached_tokens") or 0
    reasoning = _count(usage.get("completion_tokens_details"), "reasoning_tokens") or 0
    return Usage(prompt, min(cached, prompt), completion, min(reasoning, completion))


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
    return Usage(exchange.input_bound, 0, min(output_tokens, _most_output(exchange)), 0, estimated=True)


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
        cost += estimate.actual_nano_usd(exchange.usage, exchange.answered_by.rates())
    exchange.cost_nano_usd = cost


def _count(counts: Any, name: str) -> int | None:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None
