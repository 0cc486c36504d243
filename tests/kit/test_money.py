from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import money

AMOUNTS = st.integers(min_value=-(10**20), max_value=10**20)


@given(AMOUNTS)
def test_plain_form_is_exact(nano_usd: int) -> None:
    assert money.from_usd(money.plain(nano_usd)) == nano_usd
    assert "e" not in money.plain(nano_usd).lower()


@given(AMOUNTS)
def test_conversion_to_usd_loses_nothing(nano_usd: int) -> None:
    assert money.to_usd(nano_usd) * money.NANO == Decimal(nano_usd)


@pytest.mark.parametrize(
    ("nano_usd", "shown"),
    [
        (0, "$0.00"),
        (250, "$0.00000025"),
        (10**7, "$0.01"),
        (1_234_560_000_000, "$1,234.56"),
        (-(10**9), "-$1.00"),
        (-5, "-$0.000000005"),
    ],
)
def test_people_never_see_a_small_amount_as_nothing(nano_usd: int, shown: str) -> None:
    assert money.display(nano_usd) == shown


def test_fractions_of_a_nano_dollar_are_rounded_up() -> None:
    assert money.from_usd("0.0000000001") == 1
