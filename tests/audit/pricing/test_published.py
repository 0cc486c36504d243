"""Bills as the providers' own documentation makes them, to the cent and beyond.

Rates are those of the providers' price lists of November 2026, as litellm 1.106.2 repeats them with their source.
Usages are those of the guides where these give one (a cached prefix, reasoning, an agent's hour, a novel), else
round ones at the edges of the list; the sum is the guide's, or follows from the list by hand.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from audit.pricing import charge
from audit.pricing.quantities import Component, Quantities
from audit.pricing.schedule import Rate, Schedule
from kit import money

OPENAI = "https://developers.openai.com/api/docs/pricing"
OPENAI_CACHING = "https://developers.openai.com/api/docs/guides/prompt-caching"
OPENAI_REASONING = "https://developers.openai.com/api/docs/guides/reasoning"
ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/pricing"
ANTHROPIC_CACHING = "https://platform.claude.com/docs/en/build-with-claude/prompt-caching"
BEDROCK = "https://aws.amazon.com/bedrock/pricing/"
GEMINI = "https://ai.google.dev/gemini-api/docs/pricing"


def rates(tier: str = "standard", above: int = 0, **usd: str) -> tuple[Rate, ...]:
    return tuple(Rate(Component(name), money.from_usd(amount), tier, above) for name, amount in usd.items())


GPT_4O = Schedule(
    rates(input="2.50", cached_input="1.25", output="10.00") + rates("batch", input="1.25", output="5.00")
)
GPT_5 = Schedule(
    rates(input="1.25", cached_input="0.125", output="10.00")
    + rates("batch", input="0.625", cached_input="0.0625", output="5.00")
    + rates("flex", input="0.625", cached_input="0.0625", output="5.00")
    + rates("priority", input="2.50", cached_input="0.25", output="20.00")
)
O3 = Schedule(rates(input="2.00", cached_input="0.50", output="8.00"))
SONNET_4_5 = Schedule(
    rates(input="3", cached_input="0.30", cache_write="3.75", cache_write_1h="6", output="15", web_search="0.01")
    + rates("batch", input="1.50", cached_input="0.15", cache_write="1.875", cache_write_1h="3", output="7.50")
    + rates(above=200_000, input="6", cached_input="0.60", cache_write="7.50", cache_write_1h="12", output="22.50")
    + rates("batch", 200_000, input="3", cached_input="0.30", cache_write="3.75", cache_write_1h="6", output="11.25")
)
OPUS_4_6 = Schedule(rates(input="5", cached_input="0.50", cache_write="6.25", cache_write_1h="10", output="25"))
GEMINI_2_5_PRO = Schedule(
    rates(input="1.25", cached_input="0.125", output="10.00")
    + rates(above=200_000, input="2.50", cached_input="0.25", output="15.00")
    + rates("batch", input="0.625", cached_input="0.125", output="5.00")
    + rates("batch", 200_000, input="1.25", cached_input="0.25", output="7.50")
)
GEMINI_2_5_FLASH = Schedule(rates(input="0.30", cached_input="0.03", audio_input="1.00", output="2.50"))

CASES = [
    (
        "OpenAI, a cached prefix is part of the prompt",
        OPENAI_CACHING,
        GPT_4O,
        Quantities(input_tokens=2006, cached_input_tokens=1920, output_tokens=300),
        "0.005615",
    ),
    (
        "OpenAI, reasoning is part of the output and paid for as output",
        OPENAI_REASONING,
        O3,
        Quantities(input_tokens=75, output_tokens=1186, reasoning_tokens=1024),
        "0.009638",
    ),
    (
        "OpenAI, a batch costs half",
        OPENAI,
        GPT_4O,
        Quantities(input_tokens=1_000_000, output_tokens=1_000_000, service_tier="batch"),
        "6.25",
    ),
    (
        "OpenAI, flex processing at the price of a batch",
        OPENAI,
        GPT_5,
        Quantities(input_tokens=100_000, cached_input_tokens=60_000, output_tokens=8_000, service_tier="flex"),
        "0.06875",
    ),
    (
        "OpenAI, priority processing at twice the price",
        OPENAI,
        GPT_5,
        Quantities(input_tokens=100_000, cached_input_tokens=60_000, output_tokens=8_000, service_tier="priority"),
        "0.275",
    ),
    (
        "Anthropic, an agent's hour without its runtime: 50,000 tokens in, 15,000 out",
        ANTHROPIC,
        OPUS_4_6,
        Quantities(input_tokens=50_000, output_tokens=15_000),
        "0.625",
    ),
    (
        "Anthropic, the same with 40,000 of them read from the cache",
        ANTHROPIC,
        OPUS_4_6,
        Quantities(input_tokens=50_000, cached_input_tokens=40_000, output_tokens=15_000),
        "0.445",
    ),
    (
        "Anthropic, a novel written to the cache for five minutes",
        ANTHROPIC_CACHING,
        SONNET_4_5,
        Quantities(input_tokens=188_107, cache_write_tokens=188_086, output_tokens=393),
        "0.7112805",
    ),
    (
        "Anthropic, the novel read from the cache",
        ANTHROPIC_CACHING,
        SONNET_4_5,
        Quantities(input_tokens=188_107, cached_input_tokens=188_086, output_tokens=393),
        "0.0623838",
    ),
    (
        "Anthropic, a cache of an hour costs twice the input",
        ANTHROPIC_CACHING,
        SONNET_4_5,
        Quantities(input_tokens=100_000, cache_write_1h_tokens=100_000),
        "0.6",
    ),
    (
        "Anthropic at Amazon, beyond 200,000 tokens all of them cost more, what is read from the cache counted too",
        BEDROCK,
        SONNET_4_5,
        Quantities(input_tokens=250_000, cached_input_tokens=150_000, output_tokens=10_000),
        "0.915",
    ),
    (
        "Anthropic at Amazon, a batch of long prompts at half of the long price",
        BEDROCK,
        SONNET_4_5,
        Quantities(input_tokens=250_000, output_tokens=10_000, service_tier="batch"),
        "0.8625",
    ),
    (
        "Anthropic, ten dollars for a thousand searches",
        ANTHROPIC,
        SONNET_4_5,
        Quantities(input_tokens=1_000, output_tokens=1_000, web_searches=3),
        "0.048",
    ),
    (
        "Gemini, 200,000 tokens are not yet a long prompt; thinking is output",
        GEMINI,
        GEMINI_2_5_PRO,
        Quantities(input_tokens=200_000, output_tokens=10_000, reasoning_tokens=4_000),
        "0.35",
    ),
    (
        "Gemini, one token more is",
        GEMINI,
        GEMINI_2_5_PRO,
        Quantities(input_tokens=200_001, output_tokens=10_000, reasoning_tokens=4_000),
        "0.6500025",
    ),
    (
        "Gemini, a cached part of a long prompt",
        GEMINI,
        GEMINI_2_5_PRO,
        Quantities(input_tokens=250_000, cached_input_tokens=150_000, output_tokens=10_000),
        "0.4375",
    ),
    (
        "Gemini, a batch of long prompts",
        GEMINI,
        GEMINI_2_5_PRO,
        Quantities(input_tokens=250_000, output_tokens=10_000, service_tier="batch"),
        "0.3875",
    ),
    (
        "Gemini, audio has its own price for input",
        GEMINI,
        GEMINI_2_5_FLASH,
        Quantities(input_tokens=40_000, audio_input_tokens=32_000, output_tokens=2_000),
        "0.0394",
    ),
]


@pytest.mark.parametrize(
    ("schedule", "used", "usd"), [case[2:] for case in CASES], ids=[f"{case[0]} ({case[1]})" for case in CASES]
)
def test_it_costs_what_the_provider_says(schedule: Schedule, used: Quantities, usd: str) -> None:
    assert money.to_usd(charge.cost(used, schedule)) == Decimal(usd)
