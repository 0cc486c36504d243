"""What tells a number that identifies somebody from any other number."""

from __future__ import annotations

from math import log2

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

# Prefixes of payment card networks: first and last prefix of a range, lengths in digits.
# Source: ISO/IEC 7812 as the networks publish their ranges (read November 2026).
_CARD_RANGES: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),  # Mastercard
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (6011, 6011, frozenset({16, 19})),  # Discover
    (644, 649, frozenset({16, 19})),
    (65, 65, frozenset({16, 19})),
    (300, 305, frozenset({14, 16, 19})),  # Diners Club
    (3095, 3095, frozenset({14, 16, 19})),
    (36, 36, frozenset({14, 16, 19})),
    (38, 39, frozenset({14, 16, 19})),
    (3528, 3589, frozenset({16, 19})),  # JCB
    (62, 62, frozenset({16, 17, 18, 19})),  # UnionPay
    (2200, 2204, frozenset({16, 19})),  # Mir
    (5018, 5018, frozenset({16, 18, 19})),  # Maestro
    (5020, 5020, frozenset({16, 18, 19})),
    (5038, 5038, frozenset({16, 18, 19})),
    (6304, 6304, frozenset({16, 18, 19})),
    (6759, 6763, frozenset({16, 18, 19})),
)

# Length of an IBAN by country. Source: SWIFT, IBAN Registry, release 99.
_IBAN_LENGTHS = """
    AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DJ:27
    DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 IE:22
    IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19
    MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 SC:31
    SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30
"""
IBAN_LENGTHS = {pair[:2]: int(pair[3:]) for pair in _IBAN_LENGTHS.split()}


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    values = [ord(digit) - 48 for digit in reversed(digits)]
    return (sum(values[::2]) + sum(_DOUBLED[value] for value in values[1::2])) % 10 == 0


def is_card(digits: str) -> bool:
    """Whether the digits are of a known network's range and length, and their check digit fits."""
    length = len(digits)
    return (
        any(
            length in lengths and first <= int(digits[: len(str(first))]) <= last
            for first, last, lengths in _CARD_RANGES
        )
        and luhn(digits)
        and digits.count(digits[0]) < length
    )


def mod97(iban: str) -> bool:
    """ISO 7064 MOD 97-10, as ISO 13616 uses it. `iban` is upper case without blanks."""
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1


def is_iban(text: str) -> bool:
    """Whether the text, upper case without blanks, is of its country's length and its check digits fit."""
    return IBAN_LENGTHS.get(text[:2]) == len(text) and text.isascii() and text.isalnum() and mod97(text)


def is_social_security_number(area: str, group: str, serial: str) -> bool:
    """US SSN. Source: SSA POMS RM 10201.035: areas 000, 666 and 9xx, group 00 and serial 0000 are never given."""
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def entropy(text: str) -> float:
    """Shannon's, in bits per character: about 4 and more for random keys, under 3 for words and repetitions."""
    length = len(text)
    return -sum(count / length * log2(count / length) for count in map(text.count, set(text)))
