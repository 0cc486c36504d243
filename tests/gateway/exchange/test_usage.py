"""What an upstream says it counted is believed where it can be a count, and is estimated where it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange import usage
from gateway.exchange.exchange import Usage

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details", "total_tokens")
PARTS = st.fixed_dictionaries({}, optional={"cached_tokens": ANYTHING, "reasoning_tokens": ANYTHING})
REPORTS = st.fixed_dictionaries({}, optional={name: ANYTHING | st.integers(0, 10**6) | PARTS for name in NAMES})


def test_cached_input_is_part_of_the_input_and_reasoning_of_the_output() -> None:
    reported = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 80},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }
    assert usage.reported(reported) == Usage(100, 80, 50, 40)


def test_parts_are_never_more_than_the_whole() -> None:
    reported = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 1_000},
        "completion_tokens_details": {"reasoning_tokens": 1_000},
    }
    assert usage.reported(reported) == Usage(10, 10, 5, 5)


@pytest.mark.parametrize("count", [-1, 5.0, 5.5, True, "5", None, [5], {"tokens": 5}, 2**63, 10**9 + 1])
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens"])
def test_what_is_no_count_is_not_believed(name: str, count: Any) -> None:
    assert usage.reported({"prompt_tokens": 3, "completion_tokens": 2, name: count}) is None


@pytest.mark.parametrize("count", [-1, 5.5, True, "5", [5], 2**63])
def test_a_part_that_is_no_count_is_taken_for_none(count: Any) -> None:
    reported = {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": count},
        "completion_tokens_details": {"reasoning_tokens": count},
    }
    assert usage.reported(reported) == Usage(3, 0, 2, 0)


@pytest.mark.parametrize("report", [None, [], "5", 5, {}, {"prompt_tokens": 3}, {"total_tokens": 9}])
def test_half_a_report_is_none(report: Any) -> None:
    assert usage.reported(report) is None


@given(ANYTHING | REPORTS)
def test_whatever_is_reported_comes_out_as_counts_or_not_at_all(report: Any) -> None:
    found = usage.reported(report)
    if found is not None:
        assert 0 <= found.cached_input_tokens <= found.input_tokens <= 10**9
        assert 0 <= found.reasoning_tokens <= found.output_tokens <= 10**9
        assert not found.estimated
