"""How a request's cost comes about, as a sum that can be checked by hand."""

from __future__ import annotations

from dataclasses import dataclass

from audit.models import Settlement
from governance.models import Price

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` tokens or requests at `rate_nano_usd` per `per` of them."""

    what: str
    quantity: int
    rate_nano_usd: int
    per: int

    @property
    def exact(self) -> int:
        """In millionths of a nano-USD, so that nothing is rounded before the sum."""
        return self.quantity * self.rate_nano_usd * (_MILLION // self.per)

    @property
    def cost_nano_usd(self) -> int:
        """Rounded up, for the line alone; the sum is made of the exact amounts."""
        return -(-self.exact // _MILLION)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`total_nano_usd` is the sum rounded up once; `agrees` says whether it is what was settled."""

    lines: list[Line]
    total_nano_usd: int
    agrees: bool


def arithmetic(settlement: Settlement, price: Price) -> Arithmetic:
    """Cached tokens are part of the input, at their own rate; reasoning tokens are part of the output."""
    fresh = settlement.input_tokens - settlement.cached_input_tokens
    lines = [
        Line("Input tokens", fresh, price.input_nano_usd_per_million, _MILLION),
        Line("Cached input tokens", settlement.cached_input_tokens, price.cached_input_nano_usd_per_million, _MILLION),
        Line("Output tokens", settlement.output_tokens, price.output_nano_usd_per_million, _MILLION),
        Line("Requests", 1, price.per_request_nano_usd, 1),
    ]
    total = -(-sum(line.exact for line in lines) // _MILLION)
    shown = [line for line in lines if line.quantity and line.rate_nano_usd]
    return Arithmetic(shown, total, total == settlement.cost_nano_usd)
