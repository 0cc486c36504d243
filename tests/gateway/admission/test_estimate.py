"""The worst case is real: no tokenizer gets beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import orjson
import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from gateway.admission.estimate import prompt_tokens

_TOKENS_OF_A_ROLE = 6


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
