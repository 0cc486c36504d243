"""How a request's cost comes about, as a sum that can be checked by hand."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from audit.models import Settlement
from audit.pricing import charge
from audit.pricing.charge import Line
from audit.pricing.quantities import Component
from governance.models import Price

_NAMES = {
    Component.INPUT: "Input tokens",
    Component.CACHED_INPUT: "Cached input tokens",
    Component.CACHE_WRITE: "Input tokens written to the cache",
    Component.CACHE_WRITE_1H: "Input tokens cached for an hour",
    Component.AUDIO_INPUT: "Audio input tokens",
    Component.IMAGE_INPUT: "Image input tokens",
    Component.OUTPUT: "Output tokens",
    Component.REASONING: "Reasoning tokens",
    Component.AUDIO_OUTPUT: "Audio output tokens",
    Component.IMAGE_OUTPUT: "Image output tokens",
    Component.REQUEST: "Requests",
    Component.IMAGE: "Images",
    Component.WEB_SEARCH: "Web searches",
    Component.GPU_SECOND: "GPU milliseconds",
}


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`total_nano_usd` is the sum less the discount, rounded up once; `agrees`: it is what was settled."""

    lines: list[tuple[str, Line]]
    discount_ppm: int
    total_nano_usd: int
    agrees: bool

    @property
    def discount_percent(self) -> str:
        return f"{(Decimal(self.discount_ppm) / 10_000).normalize():f}"


def arithmetic(settlement: Settlement, price: Price) -> Arithmetic:
    used = settlement.quantities
    total = charge.cost(used, price.schedule)
    lines = [(_NAMES[line.component], line) for line in charge.lines(used, price.schedule)]
    return Arithmetic(lines, price.discount_ppm, total, total == settlement.cost_nano_usd)
