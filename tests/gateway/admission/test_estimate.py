"""The worst case is real: no tokenizer and no rounding gets beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import orjson
import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from gateway.admission.estimate import actual_nano_usd, prompt_tokens, worst_case_nano_usd
from gateway.admission.price import Price

RATES = st.integers(0, 10**12)
PRICES = st.builds(Price, RATES, RATES, RATES, RATES)
_TOKENS_OF_A_ROLE = 6
COUNTS = st.integers(0, 10**7)


@dataclass(frozen=True)
class Used:
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int


@pytest.fixture(scope="module")
def encoding() -> Iterator[tiktoken.Encoding]:
    """From litellm's copy of the vocabulary: nothing is fetched."""
    litellm = find_spec("litellm")
    assert litellm
    assert litellm.origin
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers"))
        yield tiktoken.get_encoding("o200k_base")


@given(text=st.text())
def test_no_text_has_more_tokens_than_its_bound(encoding: tiktoken.Encoding, text: str) -> None:
    assert len(encoding.encode_ordinary(text)) <= prompt_tokens(text)


@given(texts=st.lists(st.text(), max_size=5))
def test_json_around_messages_has_room_for_the_tokens_of_a_template(
    encoding: tiktoken.Encoding, texts: list[str]
) -> None:
    prompt = orjson.dumps({"messages": [{"role": "user", "content": text} for text in texts]}).decode()
    in_template = sum(len(encoding.encode_ordinary(text)) + _TOKENS_OF_A_ROLE for text in texts)
    assert in_template <= prompt_tokens(prompt)


@pytest.mark.parametrize("text", ["~^`|\\@#" * 50, "🧿🪬🫠" * 50, "\U00012000" * 50, "qxzjkvw" * 50, "ﷺ" * 50])
def test_no_text_made_to_be_expensive_is_either(encoding: tiktoken.Encoding, text: str) -> None:
    assert len(encoding.encode_ordinary(text)) <= prompt_tokens(text)


def test_the_bound_of_plain_text_is_its_length_and_the_template() -> None:
    assert prompt_tokens("") == 64
    assert prompt_tokens("a" * 100) == 64 + 100


def test_text_that_a_tokenizer_may_unfold_is_bounded_by_what_it_unfolds_to() -> None:
    assert prompt_tokens("\ufdfa") == 64 + len("صلى الله عليه وسلم".encode())


def test_lone_surrogates_are_counted_too() -> None:
    assert prompt_tokens("\ud800") == 64 + 3


def test_a_cent_a_thousand_tokens_is_a_cent_a_thousand_tokens() -> None:
    price = Price(input=10 * 10**9, cached_input=10**9, output=30 * 10**9, per_request=5)
    assert worst_case_nano_usd(1000, 500, price) == 10_000_000 + 15_000_000 + 5
    assert worst_case_nano_usd(1000, 500, price, attempts=3) == 3 * 25_000_005
    assert actual_nano_usd(Used(1000, 400, 500), price) == 6_000_000 + 400_000 + 15_000_000 + 5


def test_a_fraction_of_a_nano_dollar_is_rounded_up_once() -> None:
    price = Price(input=300_000, cached_input=300_000, output=300_000)
    assert actual_nano_usd(Used(1, 0, 0), price) == 1
    assert actual_nano_usd(Used(2, 1, 2), price) == 2  # 1.2, and not three times 1


@given(price=PRICES, used=st.tuples(COUNTS, COUNTS, COUNTS))
def test_the_cost_is_exact_to_the_next_nano_dollar(price: Price, used: tuple[int, int, int]) -> None:
    cached, uncached, output = used
    exact = Fraction(uncached * price.input + cached * price.cached_input + output * price.output, 10**6)
    cost = actual_nano_usd(Used(cached + uncached, cached, output), price) - price.per_request
    assert 0 <= cost - exact < 1


@given(
    price=PRICES,
    bounds=st.tuples(COUNTS, COUNTS),
    shares=st.lists(st.tuples(st.fractions(0, 1), st.fractions(0, 1), st.fractions(0, 1)), min_size=1, max_size=4),
)
def test_attempts_within_the_bounds_never_cost_more_than_the_worst_case(
    price: Price, bounds: tuple[int, int], shares: list[tuple[Fraction, Fraction, Fraction]]
) -> None:
    input_bound, output_bound = bounds
    cost = 0
    for of_input, cached, of_output in shares:
        input_tokens = int(input_bound * of_input)
        cost += actual_nano_usd(Used(input_tokens, int(input_tokens * cached), int(output_bound * of_output)), price)
    assert cost <= worst_case_nano_usd(input_bound, output_bound, price, attempts=len(shares))


def test_more_cached_than_sent_is_no_credit() -> None:
    price = Price(input=10**6, cached_input=10**5, output=0)
    assert actual_nano_usd(Used(10, 50, 0), price) == 1


def test_a_price_is_not_negative() -> None:
    with pytest.raises(ValueError, match="not negative"):
        Price(1, 1, -1)
