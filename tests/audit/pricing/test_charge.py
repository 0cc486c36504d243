"""What is charged is exact, rounded up once, and never more than the worst case said."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from audit.pricing import charge
from audit.pricing.quantities import PER, Component, Quantities
from audit.pricing.schedule import Rate, Schedule, flat

USD = 10**9
AMOUNTS = st.integers(0, 10**15)
TOKENS = st.integers(0, 10**7)
OF_BANDS = st.sampled_from([("standard", 200_000), ("batch", 0), ("batch", 200_000), ("priority", 0)])


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    rates = [Rate(component, draw(AMOUNTS)) for component in Component if component in _NEEDED or draw(st.booleans())]
    for tier, above in draw(st.sets(OF_BANDS)):
        rates += [
            Rate(component, draw(AMOUNTS), tier, above)
            for component in Component
            if component in _NEEDED or draw(st.booleans())
        ]
    return Schedule(tuple(rates), draw(st.integers(0, 1_000_000)))


_NEEDED = (Component.INPUT, Component.OUTPUT)


@st.composite
def used(draw: st.DrawFn, most_input: int = 10**7, most_output: int = 10**7) -> Quantities:
    of_input = [draw(st.integers(0, most_input // 6)) for _ in range(5)]
    of_output = [draw(st.integers(0, most_output // 4)) for _ in range(3)]
    cached, written, for_an_hour, audio, images = of_input
    return Quantities(
        input_tokens=draw(st.integers(sum(of_input), most_input)),
        cached_input_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=for_an_hour,
        audio_input_tokens=audio,
        image_input_tokens=images,
        output_tokens=draw(st.integers(sum(of_output), most_output)),
        reasoning_tokens=of_output[0],
        audio_output_tokens=of_output[1],
        image_output_tokens=of_output[2],
        service_tier=draw(st.sampled_from(["standard", "batch", "flex", "priority"])),
    )


@given(schedules(), used())
def test_the_cost_is_exact_to_the_next_nano_dollar(schedule: Schedule, quantities: Quantities) -> None:
    band = schedule.band(quantities.service_tier, quantities.input_tokens)
    exact = sum(
        Fraction(quantity * band.rate(component), PER[component])
        for component, quantity in zip(Component, quantities.parts(), strict=True)
    ) * (1 - Fraction(schedule.discount_ppm, 1_000_000))
    assert 0 <= charge.cost(quantities, schedule) - exact < 1


@given(schedules(), used())
def test_the_lines_add_up_to_the_cost(schedule: Schedule, quantities: Quantities) -> None:
    exact = sum(Fraction(line.quantity * line.rate, line.per) for line in charge.lines(quantities, schedule))
    discounted = exact * (1 - Fraction(schedule.discount_ppm, 1_000_000))
    assert 0 <= charge.cost(quantities, schedule) - discounted < 1


@given(schedules(), st.data(), TOKENS, TOKENS)
def test_nothing_within_the_bounds_costs_more_than_the_worst_case(
    schedule: Schedule, data: st.DataObject, most_input: int, most_output: int
) -> None:
    quantities = data.draw(used(most_input, most_output))
    most = charge.at_most(most_input, most_output, schedule, service_tier=quantities.service_tier)
    assert charge.cost(quantities, schedule) <= most


@given(schedules(), TOKENS, TOKENS, st.integers(1, 8))
def test_attempts_are_charged_each_for_itself(schedule: Schedule, given_: int, written: int, attempts: int) -> None:
    once = charge.at_most(given_, written, schedule)
    assert charge.at_most(given_, written, schedule, attempts=attempts) == attempts * once
    assert charge.at_most(given_, written, schedule, text_only=True) <= once


def test_text_alone_is_not_held_at_what_audio_costs() -> None:
    rates = (Rate(Component.INPUT, USD), Rate(Component.OUTPUT, USD), Rate(Component.AUDIO_INPUT, 9 * USD))
    assert charge.at_most(1_000_000, 0, Schedule(rates), text_only=True) == USD
    assert charge.at_most(1_000_000, 0, Schedule(rates)) == 9 * USD


def test_a_fraction_of_a_nano_dollar_is_rounded_up_once() -> None:
    schedule = flat(300_000, 300_000)
    assert charge.cost(Quantities(input_tokens=1), schedule) == 1
    assert charge.cost(Quantities(input_tokens=2, cached_input_tokens=1, output_tokens=2), schedule) == 2  # 1.2


def test_more_cached_than_sent_is_no_credit() -> None:
    schedule = flat(10**6, 0, cached_input=10**5)
    assert charge.cost(Quantities(input_tokens=10, cached_input_tokens=50), schedule) == 5


def test_a_discount_is_taken_off_the_sum() -> None:
    half = Schedule(flat(USD, 2 * USD).rates, discount_ppm=500_000)
    assert charge.cost(Quantities(input_tokens=1_000_000, output_tokens=1_000_000), half) == 3 * USD // 2


def test_the_cache_saves_the_difference_to_other_input() -> None:
    schedule = flat(3 * USD, 15 * USD, cached_input=USD)
    assert charge.saved_by_cache(Quantities(input_tokens=10**6, cached_input_tokens=500_000), schedule) == USD


def test_gpu_time_is_charged_by_the_second() -> None:
    rates = (Rate(Component.INPUT, 0), Rate(Component.OUTPUT, 0), Rate(Component.GPU_SECOND, 700_000))
    assert charge.cost(Quantities(gpu_ms=1500), Schedule(rates)) == 1_050_000
