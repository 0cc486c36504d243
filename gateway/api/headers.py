"""The headers of every answer of the inference API, errors and streams included."""

from __future__ import annotations

from gateway.api import deprecation
from gateway.api.replies import HeaderPairs
from gateway.exchange.exchange import Exchange
from kit import money

_TIMED = ("auth", "inspect", "admit", "record", "upstream", "settle")


def of(exchange: Exchange, *, is_stream: bool = False) -> HeaderPairs:
    """What is known so far. For a stream the cost is the held maximum: the actual one is in its last usage chunk."""
    pairs: HeaderPairs = [(b"x-request-id", str(exchange.request_id).encode())]
    cost = exchange.held_nano_usd if is_stream else exchange.cost_nano_usd
    pairs += [
        (b"x-chancery-data-class", exchange.data_class.label.encode()),
        (b"x-chancery-cost-usd", money.plain(cost).encode()),
        (b"x-chancery-cache", b"bypass"),
        (b"x-latency-ms", b"%d" % exchange.timings.elapsed_ms()),
        (b"server-timing", _server_timing(exchange)),
    ]
    if exchange.is_recorded:
        pairs.append((b"x-chancery-record", str(exchange.record_id or exchange.request_id).encode()))
    if exchange.approval is not None:
        pairs.append((b"x-chancery-approval", str(exchange.approval.id).encode()))
    if exchange.waiver is not None:
        pairs.append((b"x-chancery-waiver", str(exchange.waiver.id).encode()))
    if (answered := exchange.answered_by) is not None:
        pairs += [
            (b"x-chancery-model", answered.model.slug.encode()),
            (b"x-chancery-deployment", str(answered.deployment.id).encode()),
            (b"x-chancery-tier", answered.model.tier.encode()),
            (b"x-chancery-fallbacks", b"%d" % (len(exchange.attempts) - 1)),
        ]
    elif exchange.candidates:
        answered = exchange.trying or exchange.candidates[0]
    if answered is not None and answered.model.deprecation is not None:
        pairs += deprecation.headers(answered.model.deprecation)
    if exchange.downgraded_by is not None:
        pairs.append((b"x-chancery-downgraded-by", str(exchange.downgraded_by).encode()))
    if exchange.held is not None:
        pairs += _limits(exchange)
    return pairs


def _limits(exchange: Exchange) -> HeaderPairs:
    held = exchange.held
    assert held is not None
    pairs: HeaderPairs = []
    if held.limit_requests is not None:
        pairs += [
            (b"x-ratelimit-limit-requests", b"%d" % held.limit_requests),
            (b"x-ratelimit-remaining-requests", b"%d" % (held.remaining_requests or 0)),
            (b"x-ratelimit-reset-requests", b"%dms" % (held.reset_requests_ms or 0)),
        ]
    if held.limit_tokens is not None:
        pairs += [
            (b"x-ratelimit-limit-tokens", b"%d" % held.limit_tokens),
            (b"x-ratelimit-remaining-tokens", b"%d" % (held.remaining_tokens or 0)),
            (b"x-ratelimit-reset-tokens", b"%dms" % (held.reset_tokens_ms or 0)),
        ]
    if held.beyond:
        pairs.append((b"x-chancery-beyond-budgets", b",".join(str(line.budget_id).encode() for line in held.beyond)))
    if held.remaining_nano_usd is not None:
        left = held.remaining_nano_usd
        if exchange.record_id is not None:
            left += exchange.held_nano_usd - exchange.cost_nano_usd
        pairs.append((b"x-chancery-budget-remaining-usd", money.plain(left).encode()))
    return pairs


def _server_timing(exchange: Exchange) -> bytes:
    spent = exchange.timings.spent
    parts = [f"{name};dur={spent[name]:.2f}" for name in _TIMED if name in spent]
    overhead = exchange.timings.elapsed_ms() - spent.get("upstream", 0.0)
    return ", ".join([*parts, f"overhead;dur={overhead:.2f}"]).encode()
