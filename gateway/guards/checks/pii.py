"""Personal data that has a form: payment cards, bank accounts, social security numbers, addresses, telephone numbers.

Names, places and free descriptions of people have none and are not looked for here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from gateway.guards.checksums import is_card, is_iban, is_social_security_number
from gateway.guards.reading import Reading


def kinds(reading: Reading) -> Iterator[str]:
    """The kind of each find, once per find."""
    text = reading.text
    if "@" in text:
        yield from _emails(text)
    longest = reading.longest_number
    if longest > 6:
        yield from _phones(text, reading.notable)
    if longest > 8:
        yield from _social_security_numbers(text, reading.notable)
    if longest > 9:
        yield from _ibans(text)
    if longest > 12:
        yield from _cards(text)
    if reading.has_dotted_number:
        yield from _ipv4(text)
    if text.count(":") > 3:
        yield from _ipv6(text)


# From the sign on: what stands before it is looked at once, so that a long run of letters costs nothing.
_EMAIL = re.compile(r"@(?<=[A-Za-z0-9_%+\-.]@)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}\b")


def _emails(text: str) -> Iterator[str]:
    for found in _EMAIL.finditer(text):
        if text[max(0, found.start() - 3) : found.start()].lower() != "git":  # git@host:path is an address of code
            yield "email_address"


# Digits with single blanks or dashes between them, in groups of at least three or all alone.
_CARD_RUN = re.compile(r"\d(?<![\w.]\d)(?:[ -]?\d){12,40}(?!\w)")


def _cards(text: str) -> Iterator[str]:
    for found in _CARD_RUN.finditer(text):
        yield from _cards_in_groups(re.split("[ -]", found[0]))


def _cards_in_groups(groups: list[str]) -> Iterator[str]:
    """A card may be followed by its expiry or code, so every run of whole groups is tried, the longest first."""
    if len(groups) > 12 and all(len(group) == 1 for group in groups):
        groups = ["".join(groups)]
    first = 0
    while first < len(groups):
        after = _card_end(groups, first)
        if after:
            yield "payment_card"
        first = after or first + 1


def _card_end(groups: list[str], first: int) -> int:
    """The group after the card that begins with group `first`; 0 if none does."""
    if len(groups[first]) < 4:
        return 0
    for after in range(min(len(groups), first + 5), first, -1):
        digits = "".join(groups[first:after])
        if 13 <= len(digits) <= 19 and all(len(group) > 2 for group in groups[first:after]) and is_card(digits):
            return after
    return 0


_IBAN = re.compile(r"\d\d(?<=[A-Za-z]{2}\d\d)(?<![A-Za-z0-9][A-Za-z]{2}\d\d)(?:[ -]?[A-Za-z0-9]){11,40}")


def _ibans(text: str) -> Iterator[str]:
    for found in _IBAN.finditer(text):
        compact = re.sub("[ -]", "", text[found.start() - 2 : found.end()]).upper()
        for end in range(len(compact), 14, -1):  # a word may follow
            if is_iban(compact[:end]):
                yield "iban"
                break


_SSN = re.compile(r"\d{3}(?<![\w-]\d{3})(?P<mark>[ -])(?P<group>\d\d)(?P=mark)(?P<serial>\d{4})(?![\w-])")
_SSN_BARE = re.compile(r"\d{9}(?<!\w\d{9})(?!\w)")
_SSN_WORDS = frozenset({b"ssn", b"ssns", b"social"})


def _social_security_numbers(text: str, notable: frozenset[bytes]) -> Iterator[str]:
    for found in _SSN.finditer(text):
        if is_social_security_number(found[0][:3], found["group"], found["serial"]):
            yield "us_social_security_number"
    if not _SSN_WORDS.isdisjoint(notable):
        for found in _SSN_BARE.finditer(text):
            if is_social_security_number(found[0][:3], found[0][3:5], found[0][5:]):
                yield "us_social_security_number"


# International with its plus sign, or North American in one of its usual forms. Others only beside a word that says so.
_PHONE_PLUS = re.compile(r"\+(?<!\w\+)[1-9](?:[ ().-]{0,2}\d){6,14}(?!\d)")
_PHONE_US = re.compile(r"\d{3}(?<!\w\d{3})(?:\) ?|[-. ])(?P<exchange>\d{3})[-. ]\d{4}(?!\w)")
_PHONE_ANY = re.compile(r"\d(?<!\w\d)(?:[ ()./-]{0,2}\d){6,14}(?!\d)")
_PHONE_NAMED = re.compile(
    r"\b(?:tel|telephone|phone|mobile|cell|fax|call|telefon|handy|téléphone|teléfono)\b[^\d\n]{0,12}$", re.IGNORECASE
)
_PHONE_WORDS = frozenset("tel telephone phone mobile cell fax call telefon handy téléphone teléfono".encode().split())


def _phones(text: str, notable: frozenset[bytes]) -> Iterator[str]:
    found: set[int] = set()  # ends, so that a number in two forms counts once
    if "+" in text:
        found.update(match.end() for match in _PHONE_PLUS.finditer(text))
    for match in _PHONE_US.finditer(text):
        if match[0][0] > "1" and match["exchange"][0] > "1":
            found.add(match.end())
    if not _PHONE_WORDS.isdisjoint(notable):
        for match in _PHONE_ANY.finditer(text):
            if _PHONE_NAMED.search(text[max(0, match.start() - 24) : match.start()]):
                found.add(match.end())
    for _ in found:
        yield "phone_number"


_IPV4 = re.compile(r"\d(?<![\w.]\d)\d{0,2}(?:\.\d{1,3}){3}(?!\w|\.\d)")
_VERSION = re.compile(r"(?:version|release|v|build|section|chapter)[ .]?$", re.IGNORECASE)


def _ipv4(text: str) -> Iterator[str]:
    for found in _IPV4.finditer(text):
        try:
            address = IPv4Address(found[0])
        except AddressValueError:
            continue
        names_nobody = (
            address.is_loopback or address.is_unspecified or address.is_multicast or found[0].startswith("255.")
        )
        if not names_nobody and not _VERSION.search(text[max(0, found.start() - 9) : found.start()]):
            yield "ip_address"


_HEX = b"0123456789abcdefABCDEF"
_LETTERS = b"abcdefABCDEF"
_IPV6_TABLE = bytes(byte if chr(byte).isalnum() or byte in b"_.:" or byte > 127 else 32 for byte in range(256))


def _ipv6(text: str) -> Iterator[str]:
    for token in text.encode("utf-8", "replace").translate(_IPV6_TABLE).split():
        token = token.rstrip(b".")
        if not 2 <= token.count(b":") <= 7 or len(token) > 39 or token.strip(_HEX + b":"):
            continue
        groups = [group for group in token.split(b":") if group]
        if len(groups) < 3 or not any(group.strip(_LETTERS) for group in groups):  # a::b is more often a name in code
            continue
        try:
            address = IPv6Address(token.decode())
        except AddressValueError:
            continue
        if not address.is_loopback:
            yield "ip_address"


VOCABULARY = _SSN_WORDS | _PHONE_WORDS
