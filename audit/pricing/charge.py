"""Quantities at a schedule: the cost, the sum it comes from, and the most it can be."""

from __future__ import annotations

from dataclasses import dataclass
from operator import mul

from audit.pricing.quantities import PER, Component, Quantities
from audit.pricing.schedule import PARTS_PER_MILLION, SCALE, STANDARD, Schedule

_REQUEST = list(Component).index(Component.REQUEST)


@dataclass(frozen=True, slots=True)
class Line:
    """So many of a component at nano-USD `rate` per `per` of them."""

    component: Component
    quantity: int
    rate: int

    @property
    def per(self) -> int:
        return PER[self.component]

    @property
    def nano_usd(self) -> int:
        """Rounded up, for the line alone: the sum is made of the exact amounts."""
        return -(-self.quantity * self.rate // self.per)


def cost(used: Quantities, schedule: Schedule) -> int:
    """Nano-USD of one answered request, rounded up once, after the discount."""
    band = schedule.band(used.service_tier, used.input_tokens)
    return _discounted(sum(map(mul, used.parts(), band.scaled)), schedule)


def lines(used: Quantities, schedule: Schedule) -> list[Line]:
    """What `cost` is the sum of, before the discount; what is free or was not used is left out."""
    band = schedule.band(used.service_tier, used.input_tokens)
    found = (
        Line(component, quantity, band.rate(component))
        for component, quantity in zip(Component, used.parts(), strict=True)
    )
    return [line for line in found if line.quantity and line.rate]


def saved_by_cache(used: Quantities, schedule: Schedule, *, requests: int = 1) -> int:
    """Nano-USD that the provider's prompt cache saved: cached input at the price of other input, less what it cost.

    Of so many requests together it is that of their mean length.
    """
    band = schedule.band(used.service_tier, used.input_tokens // max(1, requests))
    saved = used.cached_input_tokens * (band.scaled[0] - band.scaled[1])
    return max(0, saved) * (PARTS_PER_MILLION - schedule.discount_ppm) // (SCALE * PARTS_PER_MILLION)


def cost_together(used: Quantities, schedule: Schedule, *, requests: int) -> int:
    """Nano-USD of so many requests that used this together, as if each had the mean length.

    For estimates: the sum of what each cost where no price goes by length, within a nano-dollar each.
    """
    band = schedule.band(used.service_tier, used.input_tokens // max(1, requests))
    further = (requests - 1) * band.scaled[_REQUEST]  # one is in the parts
    return _discounted(sum(map(mul, used.parts(), band.scaled)) + further, schedule)


def at_most(
    input_bound: int,
    output_bound: int,
    schedule: Schedule,
    *,
    service_tier: str = STANDARD,
    text_only: bool = False,
    attempts: int = 1,
) -> int:
    """Nano-USD of `attempts` requests within these bounds, each charged in full in the dearest way there is.

    All of the input as what is dearest of it, such as cache writes, all of the output likewise, in the dearest length
    that the bound reaches. `text_only`: nothing of it is audio or an image, and no cache is asked to last an hour.
    """
    most = 0
    for band in schedule.reachable(service_tier, input_bound):
        dearest = band.dearest_of_text if text_only else band.dearest
        most = max(most, input_bound * dearest.input + output_bound * dearest.output + dearest.request)
    return attempts * _discounted(most, schedule)


def _discounted(millionths: int, schedule: Schedule) -> int:
    if not schedule.discount_ppm:
        return -(-millionths // SCALE)
    return -(-millionths * (PARTS_PER_MILLION - schedule.discount_ppm) // (SCALE * PARTS_PER_MILLION))
