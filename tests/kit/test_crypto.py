from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import crypto


@given(st.binary(), st.binary())
def test_what_is_sealed_opens_in_its_place(plaintext: bytes, place: bytes) -> None:
    key = crypto.new_key()
    assert crypto.open_sealed(key, crypto.seal(key, plaintext, associated=place), associated=place) == plaintext


def test_a_sealed_value_does_not_open_elsewhere() -> None:
    key = crypto.new_key()
    sealed = crypto.seal(key, b"value", associated=b"here")
    with pytest.raises(crypto.SealBroken):
        crypto.open_sealed(key, sealed, associated=b"there")


@given(st.integers(min_value=0, max_value=32))
def test_a_flipped_bit_is_noticed(position: int) -> None:
    key = crypto.new_key()
    sealed = bytearray(crypto.seal(key, b"value", associated=b""))
    sealed[position % len(sealed)] ^= 1
    with pytest.raises(crypto.SealBroken):
        crypto.open_sealed(key, bytes(sealed), associated=b"")


def test_a_truncated_value_is_refused() -> None:
    with pytest.raises(crypto.SealBroken):
        crypto.open_sealed(crypto.new_key(), b"short", associated=b"")
