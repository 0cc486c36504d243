from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kit import secrets
from kit.secrets import Peppers

PEPPERS = Peppers({1: b"a" * 32, 2: b"b" * 32})


def test_an_issued_secret_is_well_formed_and_found_by_its_digest() -> None:
    issued = secrets.issue("chy", PEPPERS)
    assert secrets.well_formed(issued.text)
    assert issued.text.startswith(issued.prefix + "_")
    assert issued.digest in PEPPERS.digests(issued.text)
    assert issued.pepper_number == 2


def test_a_secret_made_under_an_older_pepper_is_still_found() -> None:
    issued = secrets.issue("chy", Peppers({1: b"a" * 32}))
    assert issued.digest in PEPPERS.digests(issued.text)


@given(st.integers(min_value=0), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_mistyped_character_is_noticed(position: int, typed: str) -> None:
    text = secrets.issue("chy", PEPPERS).text
    place = position % len(text)
    mistyped = text[:place] + typed + text[place + 1 :]
    assert secrets.well_formed(mistyped) == (mistyped == text)


@given(st.text())
def test_any_text_may_be_asked_about(text: str) -> None:
    assert secrets.well_formed(text) in (True, False)
