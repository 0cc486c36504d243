"""What a deployment charges from a moment on: a rate for each component, by service tier and length of the input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from audit.pricing.quantities import (
    OF_INPUT,
    OF_OUTPUT,
    OF_TEXT_INPUT,
    OF_TEXT_OUTPUT,
    PART_OF,
    PER,
    Component,
)

STANDARD = "standard"
SERVICE_TIERS = (STANDARD, "batch", "flex", "priority")
PARTS_PER_MILLION = 1_000_000
SCALE = 1_000_000  # every rate as millionths of a nano-USD per one token, request, millisecond …
MOST = 10**15  # nano-USD: a million dollars per million tokens, or per request


_PLAIN = frozenset({Component.INPUT, Component.CACHED_INPUT, Component.OUTPUT, Component.REQUEST})


@dataclass(frozen=True, slots=True)
class Rate:
    """Nano-USD per million tokens, per request, image, search or GPU second.

    It holds for requests of `service_tier` whose input is longer than `above_input_tokens`: for all of their tokens
    and not only for those beyond, as Gemini's and Anthropic's long-context prices do.
    """

    component: Component
    nano_usd: int
    service_tier: str = STANDARD
    above_input_tokens: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.nano_usd <= MOST:
            raise ValueError(f"a rate is not negative and at most {MOST} nano-USD: {self.component} is {self.nano_usd}")
        if self.service_tier not in SERVICE_TIERS:
            raise ValueError(f"no service tier: {self.service_tier}; there are {', '.join(SERVICE_TIERS)}")
        if self.above_input_tokens < 0:
            raise ValueError("a length is not negative")

    @property
    def is_plain(self) -> bool:
        """One of the four that most prices consist of, for every request."""
        return self.component in _PLAIN and self.service_tier == STANDARD and not self.above_input_tokens


class Dearest(NamedTuple):
    """What a token can cost at most, and a request on top; scaled as in `Band`."""

    input: int
    output: int
    request: int


@dataclass(frozen=True, slots=True)
class Band:
    """The rates for requests of one service tier and of at least some length, in the order of `Component`.

    In millionths of a nano-USD for one, so that charging is a sum of products of integers.
    """

    above_input_tokens: int
    scaled: tuple[int, ...]
    dearest: Dearest
    dearest_of_text: Dearest

    def holds(self, input_tokens: int) -> bool:
        """Whether a request of so many tokens has come this far."""
        return input_tokens > self.above_input_tokens or not self.above_input_tokens

    def rate(self, component: Component) -> int:
        """Nano-USD per as many as `PER` says."""
        return self.scaled[_POSITION[component]] * PER[component] // SCALE


_POSITION = {component: position for position, component in enumerate(Component)}


@dataclass(frozen=True)
class Schedule:
    """One version of a deployment's price.

    Raises `ValueError`, in words for whoever entered it: a band that is not complete, a rate given twice.
    `discount_ppm` is taken off everything: 150,000 is 15 %.
    """

    rates: tuple[Rate, ...]
    discount_ppm: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.discount_ppm <= PARTS_PER_MILLION:
            raise ValueError("a discount lies between nothing and everything")
        if not self.bands.get(STANDARD) or self.bands[STANDARD][-1].above_input_tokens:
            raise ValueError("a price names what input and output cost in the standard service tier")

    @cached_property
    def bands(self) -> Mapping[str, tuple[Band, ...]]:
        """By service tier, the longest requests first."""
        ordered = sorted(self.rates, key=_band_of, reverse=True)
        bands: dict[str, list[Band]] = {}
        for (tier, above), rates in groupby(ordered, key=_band_of):
            bands.setdefault(tier, []).append(_band(tier, above, rates))
        return {tier: tuple(found) for tier, found in bands.items()}

    @cached_property
    def named(self) -> frozenset[Component]:
        """What has a rate of its own somewhere."""
        return frozenset(rate.component for rate in self.rates)

    def band(self, service_tier: str, input_tokens: int) -> Band:
        """A service tier without a price of its own, or none for so short an input, is charged as the standard one."""
        for band in self.bands.get(service_tier, ()):
            if band.holds(input_tokens):
                return band
        return next(band for band in self.bands[STANDARD] if band.holds(input_tokens))

    def reachable(self, service_tier: str, input_bound: int) -> list[Band]:
        """Every band that a request of at most so many input tokens may be charged by.

        Those of the standard tier too: where another one has no room, a provider may serve the request by that.
        """
        found = self.bands[STANDARD]
        if service_tier != STANDARD:
            found = (*self.bands.get(service_tier, ()), *found)
        return [band for band in found if band.holds(input_bound)]


def flat(input: int, output: int, *, cached_input: int | None = None, request: int = 0) -> Schedule:
    """A price without tiers: nano-USD per million tokens, and per request."""
    rates = [Rate(Component.INPUT, input), Rate(Component.OUTPUT, output), Rate(Component.REQUEST, request)]
    if cached_input is not None:
        rates.append(Rate(Component.CACHED_INPUT, cached_input))
    return Schedule(tuple(rates))


def _band_of(rate: Rate) -> tuple[str, int]:
    return rate.service_tier, rate.above_input_tokens


def _band(tier: str, above: int, rates: Iterable[Rate]) -> Band:
    given: dict[Component, int] = {}
    for rate in rates:
        if rate.component in given:
            raise ValueError(f"the rate for {rate.component} is given twice ({tier}, above {above} tokens)")
        given[rate.component] = rate.nano_usd
    for needed in (Component.INPUT, Component.OUTPUT):
        if needed not in given:
            raise ValueError(f"the rates for {tier} above {above} input tokens do not say what {needed} costs")
    scaled = tuple(_of(component, given) * SCALE // PER[component] for component in Component)
    return Band(above, scaled, _dearest(scaled, OF_INPUT, OF_OUTPUT), _dearest(scaled, OF_TEXT_INPUT, OF_TEXT_OUTPUT))


def _dearest(scaled: tuple[int, ...], of_input: Iterable[Component], of_output: Iterable[Component]) -> Dearest:
    return Dearest(
        max(scaled[_POSITION[component]] for component in of_input),
        max(scaled[_POSITION[component]] for component in of_output),
        scaled[_POSITION[Component.REQUEST]],
    )


def _of(component: Component, given: Mapping[Component, int]) -> int:
    while component not in given and component in PART_OF:
        component = PART_OF[component]
    return given.get(component, 0)
