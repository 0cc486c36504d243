"""Texts are normalised as Unicode says, without the time that its sorting of marks may take."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kit.normal_form import nfkc


@given(st.text(max_size=500))
def test_a_text_of_ordinary_length_is_normalised_as_unicode_says(text: str) -> None:
    assert nfkc(text) == unicodedata.normalize("NFKC", text)


@given(st.text("aé\u0301\u0323ﬁｉ한글\u1100\u1161", min_size=1, max_size=20), st.integers(1, 200))
def test_a_long_text_means_the_same(text: str, times: int) -> None:
    """Letters and marks may stay apart where two slices meet, and nothing else differs."""
    assert unicodedata.normalize("NFKC", nfkc(text * times)) == unicodedata.normalize("NFKC", text * times)
