from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire import tags
from gateway.wire.chat import ChatRequest, read_chat
from kit.errors import InvalidRequest


def chat(**metadata: Any) -> ChatRequest:
    return read_chat({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "metadata": metadata or None})


def test_a_call_that_says_nothing_has_none() -> None:
    assert tags.of_call(None, chat()) == ()
    assert tags.of_call(None, chat(other="a,b")) == ()


def test_the_header_comes_before_the_hint_and_the_hint_before_the_member() -> None:
    said = chat(**{"x-chancery-tags": "hinted", "tags": "member"})
    assert tags.of_call("sent", said) == ("sent",)
    assert tags.of_call(None, said) == ("hinted",)
    assert tags.of_call(None, chat(tags="member")) == ("member",)


def test_a_member_may_be_a_list() -> None:
    assert tags.of_call(None, chat(tags=["nightly", "eu:1"])) == ("nightly", "eu:1")


def test_a_tag_counts_once_and_the_spaces_around_it_not() -> None:
    assert tags.of_call(" b , a,b", chat()) == ("b", "a")


@pytest.mark.parametrize(
    "said",
    ["", ",", "a,,b", "two words", "ä", "x" * 41, "a\nb", ",".join(f"t{number}" for number in range(9)), 3, ["a", 1]],
)
def test_what_is_no_tag_is_refused_and_not_repeated(said: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        tags.of_call(None, chat(tags=said))
    assert (refused.value.code, refused.value.param) == ("tags_invalid", "metadata.tags")
    assert "two words" not in str(refused.value)


@given(st.lists(st.from_regex(r"[A-Za-z0-9_.:-]{1,40}", fullmatch=True), min_size=1, max_size=8, unique=True))
def test_all_that_is_allowed_arrives(given_tags: list[str]) -> None:
    assert tags.of_call(",".join(given_tags), chat()) == tuple(given_tags)
