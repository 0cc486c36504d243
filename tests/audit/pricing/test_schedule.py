"""A price says what everything costs, or is none."""

from __future__ import annotations

import pytest

from audit.pricing.quantities import Component
from audit.pricing.schedule import MOST, Rate, Schedule, flat

USD = 10**9
INPUT, OUTPUT = Rate(Component.INPUT, 3 * USD), Rate(Component.OUTPUT, 15 * USD)


def test_what_a_price_does_not_name_costs_as_what_it_is_a_part_of() -> None:
    band = Schedule((INPUT, OUTPUT, Rate(Component.CACHE_WRITE, 4 * USD))).band("standard", 0)
    assert band.rate(Component.CACHED_INPUT) == band.rate(Component.AUDIO_INPUT) == 3 * USD
    assert band.rate(Component.CACHE_WRITE_1H) == 4 * USD
    assert band.rate(Component.REASONING) == band.rate(Component.IMAGE_OUTPUT) == 15 * USD
    assert band.rate(Component.REQUEST) == band.rate(Component.GPU_SECOND) == 0


def test_the_length_of_the_input_chooses_the_band_for_the_whole_request() -> None:
    longer = [Rate(Component.INPUT, 6 * USD, above_input_tokens=200_000)]
    longer.append(Rate(Component.OUTPUT, 22 * USD, above_input_tokens=200_000))
    schedule = Schedule((INPUT, OUTPUT, *longer))
    assert [schedule.band("standard", length).rate(Component.INPUT) for length in (0, 200_000, 200_001)] == [
        3 * USD,
        3 * USD,
        6 * USD,
    ]
    assert len(schedule.reachable("standard", 200_000)) == 1
    assert len(schedule.reachable("standard", 200_001)) == 2


def test_a_service_tier_without_a_price_of_its_own_is_charged_as_the_standard_one() -> None:
    assert flat(3 * USD, 15 * USD).band("priority", 5).rate(Component.OUTPUT) == 15 * USD


@pytest.mark.parametrize(
    ("rates", "lack"),
    [
        ((), "standard service tier"),
        ((INPUT,), "what output costs"),
        ((INPUT, OUTPUT, INPUT), "given twice"),
        ((INPUT, OUTPUT, Rate(Component.INPUT, USD, "batch")), "batch above 0 input tokens"),
        ((INPUT, OUTPUT, Rate(Component.CACHE_WRITE, USD, above_input_tokens=5)), "above 5 input tokens"),
        (
            (
                Rate(Component.INPUT, USD, above_input_tokens=5),
                Rate(Component.OUTPUT, USD, above_input_tokens=5),
            ),
            "standard service tier",
        ),
    ],
)
def test_half_a_price_is_none(rates: tuple[Rate, ...], lack: str) -> None:
    with pytest.raises(ValueError, match=lack):
        Schedule(rates)


@pytest.mark.parametrize("amount", [-1, MOST + 1])
def test_a_rate_is_neither_negative_nor_beyond_all_measure(amount: int) -> None:
    with pytest.raises(ValueError, match="not negative"):
        Rate(Component.INPUT, amount)


@pytest.mark.parametrize("discount", [-1, 1_000_001])
def test_a_discount_lies_between_nothing_and_everything(discount: int) -> None:
    with pytest.raises(ValueError, match="discount"):
        Schedule((INPUT, OUTPUT), discount)


def test_an_unknown_service_tier_has_no_rate() -> None:
    with pytest.raises(ValueError, match="no service tier"):
        Rate(Component.INPUT, 1, "turbo")
