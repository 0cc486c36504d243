"""The price list that litellm ships, as prices: read from its file, without importing it and without a network.

The file says dollars per token; read as decimals and not as floats, so that 3.75e-06 is 3.75 dollars per million.
What it says in ways that no price here has (by the second, by the pixel, tiers of one provider) is named and left out;
a tier or length that would be incomplete without it is left out with it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from audit.pricing.quantities import MILLION, Component
from audit.pricing.schedule import STANDARD, Rate, Schedule
from kit import money

FILE = "model_prices_and_context_window_backup.json"
_TOKENS = {
    "input_cost_per_token": Component.INPUT,
    "cache_read_input_token_cost": Component.CACHED_INPUT,
    "input_cost_per_token_cache_hit": Component.CACHED_INPUT,
    "cache_creation_input_token_cost": Component.CACHE_WRITE,
    "cache_creation_input_token_cost_above_1hr": Component.CACHE_WRITE_1H,
    "input_cost_per_audio_token": Component.AUDIO_INPUT,
    "input_cost_per_image_token": Component.IMAGE_INPUT,
    "output_cost_per_token": Component.OUTPUT,
    "output_cost_per_reasoning_token": Component.REASONING,
    "output_cost_per_audio_token": Component.AUDIO_OUTPUT,
    "output_cost_per_image_token": Component.IMAGE_OUTPUT,
}
_ONE = {"input_cost_per_request": Component.REQUEST, "output_cost_per_image": Component.IMAGE}
_TIERS = {"_batches": "batch", "_flex": "flex", "_priority": "priority"}
_COST = re.compile(r"(?P<base>.+?)(?:_above_(?P<thousands>\d+)k_tokens)?(?P<tier>_batches|_flex|_priority)?")
_SEARCH, _RANGES = "search_context_cost_per_query", "tiered_pricing"


@dataclass(frozen=True, slots=True)
class Listed:
    """One model's price as the list has it. `left_out` says what of it no price here can hold."""

    schedule: Schedule
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PriceList:
    """`reference` names the list and its content, so that a price says exactly where it is from."""

    reference: str
    models: Mapping[str, Mapping[str, Any]]

    def find(self, upstream_model: str) -> Listed | None:
        """By the name that a deployment sends, or by what follows its provider's prefix. None: not listed, or free of
        a price for tokens."""
        for name in (upstream_model, upstream_model.partition("/")[2]):
            if found := self.models.get(name):
                return _listed(found)
        return None


def shipped() -> PriceList:
    """The list of the litellm that is installed. Raises `LookupError` where there is none."""
    installed = distribution("litellm")
    path = Path(str(installed.locate_file("litellm"))) / FILE
    return read(path.read_bytes(), f"litellm {installed.version}")


def read(content: bytes, name: str) -> PriceList:
    """Raises `ValueError` for what is no such list."""
    models = json.loads(content, parse_float=Decimal)
    if not isinstance(models, dict):
        raise ValueError("a price list is an object of models")
    return PriceList(f"{name}, sha256 {hashlib.sha256(content).hexdigest()[:16]}", models)


def _listed(entry: Mapping[str, Any]) -> Listed | None:
    rates, left_out = [], []
    for name, cost in entry.items():
        if name == _RANGES:
            rates += list(_of_ranges(cost))
        elif name == _SEARCH and isinstance(cost, dict):
            rates.append(_per_one(Component.WEB_SEARCH, max(map(Decimal, cost.values()))))
        elif "cost" in name and cost:
            found = _rate(name, cost)
            rates += [found] if found else []
            left_out += [] if found else [name]
    whole, half = _complete(rates)
    if (STANDARD, 0) not in {(rate.service_tier, rate.above_input_tokens) for rate in whole}:
        return None
    return Listed(Schedule(tuple(whole)), tuple(sorted((*left_out, *half))))


def _rate(name: str, cost: Any) -> Rate | None:
    """None for a cost in a unit or of a tier that no price here has."""
    if name in _ONE:
        return _per_one(_ONE[name], Decimal(cost))
    if name in _TOKENS:
        return _per_million(_TOKENS[name], cost)
    parts = _COST.fullmatch(name)
    if parts is None or parts["base"] not in _TOKENS:
        return None
    above = int(parts["thousands"] or 0) * 1000
    return _per_million(_TOKENS[parts["base"]], cost, _TIERS.get(parts["tier"] or "", STANDARD), above)


def _of_ranges(ranges: Any) -> Iterator[Rate]:
    """Alibaba's form: from so many tokens of input on, everything costs so much."""
    for one in ranges:
        above = int(one["range"][0]) if "range" in one else 0
        for name, cost in one.items():
            if name in _TOKENS:
                yield _per_million(_TOKENS[name], cost, STANDARD, above)


def _complete(rates: list[Rate]) -> tuple[list[Rate], list[str]]:
    """Those of tiers and lengths that say what input and output cost, and the names of those that do not.

    A tier without a price for long inputs is incomplete, too, where the standard one has such a price.
    """
    by_band: dict[tuple[str, int], dict[Component, Rate]] = {}
    for rate in rates:
        by_band.setdefault((rate.service_tier, rate.above_input_tokens), {}).setdefault(rate.component, rate)
    needed = {Component.INPUT, Component.OUTPUT}
    bands = {band: found for band, found in by_band.items() if needed <= found.keys()}
    lengths = {above for tier, above in bands if tier == STANDARD}
    tiers = {tier for tier, _ in bands if lengths <= {above for other, above in bands if other == tier}}
    whole = {band: found for band, found in bands.items() if band[0] in tiers}
    half = [f"{tier}, above {above} tokens" for tier, above in by_band.keys() - whole.keys()]
    return [rate for found in whole.values() for rate in found.values()], half


def _per_million(component: Component, cost: Any, tier: str = STANDARD, above: int = 0) -> Rate:
    return Rate(component, money.from_usd(Decimal(cost) * MILLION), tier, above)


def _per_one(component: Component, cost: Decimal) -> Rate:
    return Rate(component, money.from_usd(cost))
