"""Somebody named in a header is the same as somebody named in the body."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange.stages.resolve import end_user
from kit import errors
from tests.gateway.exchange.exchanges import admitted


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=64))
def test_a_name_in_a_header_is_that_name_in_the_body(name: str) -> None:
    by_header, by_body = admitted(), admitted(user=name)
    by_header.headers = {b"x-chancery-end-user": name.encode()}
    assert end_user(by_header) == end_user(by_body) == name


@pytest.mark.parametrize(
    ("sent", "read"), [(b"Zo\xc3\xab", "Zoë"), (b"Zo\xeb", "Zoë"), (b" \tzoe ", "zoe"), (b"  ", None), (b"", None)]
)
def test_a_header_is_read_however_it_is_encoded(sent: bytes, read: str | None) -> None:
    exchange = admitted()
    exchange.headers = {b"x-chancery-end-user": sent}
    assert end_user(exchange) == read


def test_an_empty_header_gives_way_to_the_body() -> None:
    exchange = admitted(user="zoe")
    exchange.headers = {b"x-chancery-end-user": b" "}
    assert end_user(exchange) == "zoe"


def test_a_name_has_an_end() -> None:
    exchange = admitted(user="x" * 257)
    with pytest.raises(errors.InvalidRequest) as caught:
        end_user(exchange)
    assert caught.value.param == "user"
