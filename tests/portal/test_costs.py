"""The sum shown beside a request is the one it was charged by."""

from __future__ import annotations

from audit.models import Settlement
from governance.models import Price
from portal.costs import arithmetic

PRICE = Price(
    input_nano_usd_per_million=2_500_000_000,
    cached_input_nano_usd_per_million=1_250_000_000,
    output_nano_usd_per_million=10_000_000_001,
    per_request_nano_usd=100,
)


def _settled(cost: int, **tokens: int) -> Settlement:
    return Settlement(cost_nano_usd=cost, **{"cached_input_tokens": 0, "reasoning_tokens": 0, **tokens})


def test_cached_tokens_are_part_of_the_input_at_their_own_rate() -> None:
    told = arithmetic(_settled(3_750_100, input_tokens=2_000, cached_input_tokens=1_000, output_tokens=0), PRICE)

    assert [(what, line.quantity) for what, line in told.lines] == [
        ("Input tokens", 1_000),
        ("Cached input tokens", 1_000),
        ("Requests", 1),
    ]
    assert told.agrees


def test_the_sum_is_rounded_up_once_and_not_by_line() -> None:
    told = arithmetic(_settled(12_601, input_tokens=1, output_tokens=1), PRICE)

    assert [line.nano_usd for _, line in told.lines] == [2_500, 10_001, 100]
    assert told.total_nano_usd == 12_601
    assert told.agrees


def test_another_cost_than_the_sum_is_said_to_differ() -> None:
    assert not arithmetic(_settled(1, input_tokens=1, output_tokens=1), PRICE).agrees
