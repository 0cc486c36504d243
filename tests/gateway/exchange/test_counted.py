"""What an upstream says it counted is believed where it can be a count, and is estimated where it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange import counted
from gateway.exchange.exchange import Usage

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details", "total_tokens")
NAMES_OF_PARTS = ("cached_tokens", "reasoning_tokens", "cache_write_tokens", "audio_tokens", "image_tokens")
PARTS = st.fixed_dictionaries({}, optional={name: ANYTHING | st.integers(0, 10**6) for name in NAMES_OF_PARTS})
REPORTS = st.fixed_dictionaries({}, optional={name: ANYTHING | st.integers(0, 10**6) | PARTS for name in NAMES})


def test_cached_input_is_part_of_the_input_and_reasoning_of_the_output() -> None:
    reported = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 80},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }
    assert counted.reported(reported) == Usage(100, 80, 50, 40)


def test_parts_are_never_more_than_the_whole() -> None:
    reported = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 1_000},
        "completion_tokens_details": {"reasoning_tokens": 1_000},
    }
    assert counted.reported(reported) == Usage(10, 10, 5, 5)


@pytest.mark.parametrize("count", [-1, 5.0, 5.5, True, "5", None, [5], {"tokens": 5}, 2**63, 10**9 + 1])
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens"])
def test_what_is_no_count_is_not_believed(name: str, count: Any) -> None:
    assert counted.reported({"prompt_tokens": 3, "completion_tokens": 2, name: count}) is None


@pytest.mark.parametrize("count", [-1, 5.5, True, "5", [5], 2**63])
def test_a_part_that_is_no_count_is_taken_for_none(count: Any) -> None:
    reported = {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": count},
        "completion_tokens_details": {"reasoning_tokens": count},
    }
    assert counted.reported(reported) == Usage(3, 0, 2, 0)


@pytest.mark.parametrize("report", [None, [], "5", 5, {}, {"prompt_tokens": 3}, {"total_tokens": 9}])
def test_half_a_report_is_none(report: Any) -> None:
    assert counted.reported(report) is None


@given(ANYTHING | REPORTS)
def test_whatever_is_reported_comes_out_as_counts_or_not_at_all(report: Any) -> None:
    found = counted.reported(report)
    if found is not None:
        assert 0 <= found.cached_input_tokens <= found.input_tokens <= 10**9
        assert 0 <= found.reasoning_tokens <= found.output_tokens <= 10**9
        assert not found.estimated
        parts = found.parts()
        assert (sum(parts[:6]), sum(parts[6:10])) == (found.input_tokens, found.output_tokens)


def test_a_picture_that_was_cached_is_charged_once() -> None:
    details = {"cached_tokens": 500, "image_tokens": 600}
    found = counted.reported({"prompt_tokens": 1_000, "completion_tokens": 0, "prompt_tokens_details": details})
    assert found == Usage(input_tokens=1_000, cached_input_tokens=500, image_input_tokens=500)


@pytest.mark.parametrize(
    ("reported", "tier", "told"),
    [
        pytest.param(
            {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 121}
            | {"completion_tokens_details": {"reasoning_tokens": 100}},
            None,
            Usage(input_tokens=9, output_tokens=112, reasoning_tokens=100),
            id="xAI counts reasoning beside the completion",
        ),
        pytest.param(
            {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 121},
            None,
            Usage(input_tokens=9, output_tokens=112, reasoning_tokens=100),
            id="Gemini's OpenAI-compatible endpoint tells of its thoughts in the total alone",
        ),
        pytest.param(
            {"prompt_tokens": 9, "completion_tokens": 112, "total_tokens": 121}
            | {"completion_tokens_details": {"reasoning_tokens": 100}},
            "flex",
            Usage(input_tokens=9, output_tokens=112, reasoning_tokens=100, service_tier="flex"),
            id="OpenAI counts it in, and says at what price",
        ),
        pytest.param(
            {"prompt_tokens": 90, "completion_tokens": 1, "total_tokens": 91}
            | {"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 26},
            None,
            Usage(input_tokens=90, cached_input_tokens=64, output_tokens=1),
            id="DeepSeek",
        ),
        pytest.param(
            {"prompt_tokens": 90, "completion_tokens": 1, "total_tokens": 91, "cached_tokens": 64},
            "default",
            Usage(input_tokens=90, cached_input_tokens=64, output_tokens=1),
            id="Moonshot",
        ),
        pytest.param(
            {"prompt_tokens": 90, "completion_tokens": 30, "total_tokens": 120}
            | {"prompt_tokens_details": {"audio_tokens": 50, "image_tokens": 20, "cache_write_tokens": 7}}
            | {"completion_tokens_details": {"audio_tokens": 20, "image_tokens": 4}},
            "scale",
            Usage(
                input_tokens=90,
                output_tokens=30,
                audio_input_tokens=50,
                image_input_tokens=20,
                cache_write_tokens=7,
                audio_output_tokens=20,
                image_output_tokens=4,
            ),
            id="audio and images",
        ),
        pytest.param({"prompt_tokens": 0, "completion_tokens": 0}, None, Usage(), id="nothing, and said so"),
    ],
)
def test_each_provider_is_taken_as_it_means_it(reported: dict[str, Any], tier: str | None, told: Usage) -> None:
    assert counted.reported(reported, tier) == told


@pytest.mark.parametrize("tier", [[], {}, ["flex"], {"flex": 1}, 5, True, "turbo"])
def test_a_service_tier_that_nobody_knows_is_the_standard_one(tier: Any) -> None:
    found = counted.reported({"prompt_tokens": 1, "completion_tokens": 1}, tier)
    assert found is not None
    assert found.service_tier == "standard"
