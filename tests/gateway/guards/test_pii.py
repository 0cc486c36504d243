"""Personal data is found by its form and its check digits, and ordinary numbers are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guards.checksums import luhn
from tests.gateway.guards.finds import found_by, verdict_of

FOUND = [
    ("My card is 4111 1111 1111 1111, valid till 12/29.", {"payment_card": 1}),
    ("card 4111-1111-1111-1111", {"payment_card": 1}),
    ("4111111111111111", {"payment_card": 1}),
    ("amex 3782 822463 10005", {"payment_card": 1}),
    ("4111 1111 1111 1111 12 29 123", {"payment_card": 1}),
    ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", {"payment_card": 1}),
    ("5555555555554444 and 4111111111111111", {"payment_card": 2}),
    ("Pay to DE89 3704 0044 0532 0130 00 please", {"iban": 1}),
    ("iban: gb82west12345698765432.", {"iban": 1}),
    ("NO9386011117947", {"iban": 1}),
    ("FR14 2004 1010 0505 0001 3M02 606", {"iban": 1}),
    ("SSN 123-45-6789", {"us_social_security_number": 1}),
    ("123 45 6789", {"us_social_security_number": 1}),
    ("her social security number is 123456789", {"us_social_security_number": 1}),
    ("write to jane.doe+news@mail.example.co.uk today", {"email_address": 1}),
    ("a@b.io, c@d.org", {"email_address": 2}),
    ("call +49 30 901820 now", {"phone_number": 1}),
    ("+14155552671", {"phone_number": 1}),
    ("(415) 555-2671", {"phone_number": 1}),
    ("415-555-2671", {"phone_number": 1}),
    ("Telefon: 030 901820", {"phone_number": 1}),
    ("the client was 203.0.113.7.", {"ip_address": 1}),
    ("8.8.8.8 and 10.20.30.40:8080, 192.168.100.200/24", {"ip_address": 3}),
    ("from 2001:db8:85a3::8a2e:370:7334 today", {"ip_address": 1}),
]
NOTHING = [
    "The quick brown fox jumps over the lazy dog on 24 December 2025 at 10:30.",
    "order 4111 1111 1111 1112 is late",  # the check digit does not fit
    "1234567890123456",
    "0000 0000 0000 0000",
    "4444 4444 4444 4444",
    "DE89 3704 0044 0532 0130 01",
    "US64 3704 0044 0532 0130 00",
    "000-12-3456 and 666-12-3456 and 912-12-3456",
    "part 123-45-67890",
    "build 123456789 passed",
    "git clone git@github.com:django/django.git",
    "@property\ndef f(self): ...",
    "meet me @home at 10",
    "version 10.2.3.4 and v1.2.3.4",
    "listens on 127.0.0.1 and 0.0.0.0 with mask 255.255.255.0",
    "section 1.2.3.4.5",
    "std::vector<int>::iterator it; a::b::c",
    "12:30:45 and 00:1a:2b",
    "::1",
    "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "id 550e8400-e29b-41d4-a716-446655440000",
    "2025-12-24T10:30:00.123456Z INFO took 1234 ms, 1700000000123 since the epoch",
    "pi is 3.14159265358979323846",
    "1,234,567.89 EUR in 2024 and 2.345.678,90 in 2025",
    "x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]",
]


@pytest.mark.parametrize(("text", "kinds"), FOUND)
def test_personal_data_is_found(text: str, kinds: dict[str, int]) -> None:
    assert found_by("pii", text) == kinds


@pytest.mark.parametrize("text", NOTHING)
def test_other_texts_are_left_alone(text: str) -> None:
    assert verdict_of("pii", text).verdict == "passed"


@given(st.text("0123456789", min_size=12, max_size=12), st.sampled_from(["", " ", "-"]))
def test_sixteen_digits_of_visa_are_a_card_exactly_where_the_check_digit_fits(body: str, mark: str) -> None:
    number = "400" + body
    for digit in "0123456789":
        whole = number + digit
        shown = mark.join(whole[first : first + 4] for first in range(0, 16, 4))
        assert ("payment_card" in found_by("pii", f"paid with {shown}.")) is luhn(whole)


@given(st.text("0123456789", min_size=16, max_size=16))
def test_a_number_inside_a_word_or_a_decimal_is_no_card(digits: str) -> None:
    for text in (f"order_{digits}", f"0.{digits}", f"{digits}x"):
        assert "payment_card" not in found_by("pii", text)


@pytest.mark.parametrize(
    "text",
    [
        "4111\u200b1111\u200b1111\u200b1111",
        "41\ufe0f11 1111\U000e0101 1111 1\u180b111",
        "４１１１ １１１１ １１１１ １１１１",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111\u20111111\u20111111\u20111111",
        "4111\u20131111\u20131111\u20131111",
        '{"card": "4111\\u00201111\\u00201111\\u00201111"}',
    ],
)
def test_a_card_is_found_however_it_is_written(text: str) -> None:
    assert found_by("pii", text) == {"payment_card": 1}


def test_what_was_found_is_told_without_the_text() -> None:
    assert "4111" not in repr(verdict_of("pii", "4111111111111111"))
