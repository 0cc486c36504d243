"""litellm's price list becomes prices exactly, and what no price can hold is named and not guessed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import orjson
import pytest

from audit.pricing.quantities import Component
from audit.pricing.schedule import Rate
from governance import price_lines
from governance.intake import litellm_prices
from governance.intake.litellm_prices import Listed, PriceList

BASE = {"input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05}


def listed(**costs: Any) -> Listed | None:
    return litellm_prices.read(orjson.dumps({"claude": {**BASE, **costs}}), "a list").find("anthropic/claude")


def lines(**costs: Any) -> set[str]:
    found = listed(**costs)
    assert found
    return {price_lines.written(rate) for rate in found.schedule.rates}


def test_dollars_a_token_are_read_without_rounding() -> None:
    found = listed(cache_creation_input_token_cost=3.75e-06, cache_creation_input_token_cost_above_1hr=6e-06)
    assert found
    assert Rate(Component.CACHE_WRITE, 3_750_000_000) in found.schedule.rates
    assert Rate(Component.CACHE_WRITE_1H, 6_000_000_000) in found.schedule.rates


def test_tiers_and_long_inputs_have_their_own_rates() -> None:
    assert lines(
        input_cost_per_token_batches=1.5e-06,
        output_cost_per_token_batches=7.5e-06,
    ) == {"input 3", "output 15", "batch input 1.5", "batch output 7.5"}
    assert lines(
        input_cost_per_token_above_200k_tokens=6e-06,
        output_cost_per_token_above_200k_tokens=2.25e-05,
    ) == {"input 3", "output 15", ">200000 input 6", ">200000 output 22.5"}


def test_half_a_tier_is_left_out_and_named() -> None:
    found = listed(input_cost_per_token_batches=1.5e-06)
    assert found
    assert found.left_out == ("batch, above 0 tokens",)


def test_a_tier_without_a_price_for_long_inputs_is_left_out_where_there_is_a_standard_one() -> None:
    found = listed(
        input_cost_per_token_above_200k_tokens=6e-06,
        output_cost_per_token_above_200k_tokens=2.25e-05,
        input_cost_per_token_flex=1.5e-06,
        output_cost_per_token_flex=7.5e-06,
    )
    assert found
    assert found.left_out == ("flex, above 0 tokens",)
    assert set(found.schedule.bands) == {"standard"}


def test_what_has_no_rate_here_is_named() -> None:
    found = listed(output_cost_per_second=0.1, input_cost_per_pixel=1e-09, input_cost_per_token_ultrafast=6e-05)
    assert found
    assert found.left_out == ("input_cost_per_pixel", "input_cost_per_token_ultrafast", "output_cost_per_second")


def test_the_dearest_search_is_the_price_of_a_search() -> None:
    context = {"search_context_size_low": 0.01, "search_context_size_high": 0.025}
    assert "web_search 0.025" in lines(search_context_cost_per_query=context)


def test_ranges_of_input_are_lengths() -> None:
    ranges = [
        {"range": [0, 256_000.0], "input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07},
        {"range": [256_000.0, 1e6], "input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06},
    ]
    found = litellm_prices.read(orjson.dumps({"qwen": {"tiered_pricing": ranges}}), "a list").find("qwen")
    assert found
    assert found.schedule.band("standard", 256_001).rate(Component.INPUT) == 250_000_000


@pytest.mark.parametrize("name", ["gpt", "openai/gpt", "anthropic/claude/2", ""])
def test_what_is_not_listed_has_no_price(name: str) -> None:
    assert litellm_prices.read(orjson.dumps({"claude": BASE, "free": {}}), "a list").find(name) is None


def test_a_model_without_a_price_for_tokens_has_none() -> None:
    assert litellm_prices.read(orjson.dumps({"dall-e": {"output_cost_per_image": 0.04}}), "x").find("dall-e") is None


@pytest.mark.parametrize("content", [b"", b"[]", b"no JSON"])
def test_what_is_no_list_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        litellm_prices.read(content, "a list")


@pytest.fixture(scope="module")
def shipped() -> PriceList:
    return litellm_prices.shipped()


def test_every_model_of_the_list_that_is_installed_can_be_read(shipped: PriceList) -> None:
    found = [shipped.find(name) for name in shipped.models]
    assert sum(one is not None for one in found) > 2_000
    assert shipped.reference.startswith("litellm 1.")


def test_the_reference_says_which_content_it_was(shipped: PriceList) -> None:
    other = litellm_prices.read(orjson.dumps({}), "a list").reference
    assert other.startswith("a list, sha256 ")
    assert other.rpartition(" ")[2] != shipped.reference.rpartition(" ")[2]


def test_reading_the_list_does_not_import_litellm() -> None:
    said = "from governance.intake import litellm_prices as p, sys; p.shipped(); assert 'litellm' not in sys.modules"
    said = said.replace(" as p, sys", " as p; import sys")
    subprocess.run([sys.executable, "-c", said], check=True, capture_output=True)
