"""A number is somebody's only where its check digits say so: what one wrong digit does is a law."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guards.checksums import (
    IBAN_LENGTHS,
    entropy,
    is_card,
    is_iban,
    is_social_security_number,
    luhn,
    mod97,
)

DIGITS = st.text("0123456789", min_size=1, max_size=30)
BBANS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=35, max_size=35)


def with_check_digit(body: str) -> str:
    return next(body + digit for digit in "0123456789" if luhn(body + digit))


def iban_of(country: str, characters: str) -> str:
    """ISO 13616: the check digits are 98 less the remainder."""
    account = characters[: IBAN_LENGTHS[country] - 4]
    number = "".join(str(int(char, 36)) for char in account + country + "00")
    return f"{country}{98 - int(number) % 97:02d}{account}"


@given(DIGITS)
def test_exactly_one_check_digit_fits(body: str) -> None:
    assert sum(luhn(body + digit) for digit in "0123456789") == 1


@given(DIGITS, st.data())
def test_one_wrong_digit_breaks_a_luhn_number(body: str, data: st.DataObject) -> None:
    number = with_check_digit(body)
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert not luhn(number[:place] + other + number[place + 1 :])


@given(DIGITS, st.data())
def test_two_neighbours_exchanged_break_a_luhn_number_unless_they_are_0_and_9(body: str, data: st.DataObject) -> None:
    number = with_check_digit(body)
    place = data.draw(st.integers(0, len(number) - 2))
    first, second = number[place], number[place + 1]
    swapped = number[:place] + second + first + number[place + 2 :]
    assert luhn(swapped) == (first == second or {first, second} == {"0", "9"})


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "4222222222222",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "6011111111111117",
        "30569309025904",
        "3530111333300000",
        "6200000000000005",
        "2200123456789019",
    ],
)
def test_test_numbers_of_each_network_are_cards(number: str) -> None:
    assert is_card(number)


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111112",  # check digit
        "411111111111111",  # length
        "1111111111111117",  # nobody's range
        "9999999999999995",
        "0000000000000000",
        "4444444444444444",  # all alike
    ],
)
def test_other_numbers_are_no_cards(number: str) -> None:
    assert not is_card(number)


@given(st.sampled_from(sorted(IBAN_LENGTHS)), BBANS)
def test_an_iban_made_by_the_rules_is_one(country: str, characters: str) -> None:
    assert is_iban(iban_of(country, characters))


@given(st.sampled_from(sorted(IBAN_LENGTHS)), BBANS, st.data())
def test_one_wrong_character_breaks_an_iban(country: str, characters: str, data: st.DataObject) -> None:
    iban = iban_of(country, characters)
    place = data.draw(st.integers(4, len(iban) - 1))
    alphabet = "0123456789" if iban[place].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    other = data.draw(st.sampled_from([char for char in alphabet if char != iban[place]]))
    assert not is_iban(iban[:place] + other + iban[place + 1 :])


@given(st.sampled_from(sorted(IBAN_LENGTHS)), BBANS)
def test_an_iban_of_another_length_is_none(country: str, characters: str) -> None:
    iban = iban_of(country, characters)
    assert not is_iban(iban[:-1])
    assert not is_iban(iban + "0")


def test_a_country_without_ibans_has_none() -> None:
    assert mod97(iban := "US" + iban_of("DE", "0" * 35)[2:]) in (True, False)
    assert not is_iban(iban)


@given(st.text(max_size=40))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert is_iban(text) in (True, False)


@pytest.mark.parametrize(
    ("area", "group", "serial", "is_given"),
    [
        ("123", "45", "6789", True),
        ("899", "99", "9999", True),
        ("000", "45", "6789", False),
        ("666", "45", "6789", False),
        ("900", "45", "6789", False),
        ("123", "00", "6789", False),
        ("123", "45", "0000", False),
    ],
)
def test_some_social_security_numbers_are_never_given(area: str, group: str, serial: str, is_given: bool) -> None:
    assert is_social_security_number(area, group, serial) is is_given


@given(st.text(min_size=1, max_size=200))
def test_entropy_is_at_most_that_of_a_text_without_repetition(text: str) -> None:
    assert -1e-9 <= entropy(text) <= entropy("".join(chr(256 + place) for place in range(len(text)))) + 1e-9
