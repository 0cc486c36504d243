"""A text made ready for the checks: what is hidden brought out, and the cheap facts that let a check skip it.

Ordinary prose must cost little, so the facts are gathered by translating bytes and looking for short strings, which
runs at the speed of memory, and expressions run only where the facts say that they could match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import ascii_letters, ascii_lowercase, digits

from gateway.guards import encoded
from gateway.guards.uncover import uncover

LONG_TOKEN = 20  # characters; the shortest key of a provider (AWS) has as many


def _keeping(kept: str, shown: str | None = None) -> bytes:
    """A translation table that shows the characters of `kept` as `shown` (by default as they are), others as blanks."""
    table = bytearray(b" " * 256)
    for byte, as_byte in zip(kept.encode(), (shown or kept).encode(), strict=True):
        table[byte] = as_byte
    return bytes(table)


_LOWER = _keeping(ascii_letters + digits, ascii_lowercase * 2 + digits)[:128] + bytes(range(128, 256))
_TOKENS = _keeping(ascii_letters + digits + "_-")
_ENCODED = _keeping(ascii_letters + digits + "+/_-=")
_ENCODED_SHAPE = bytes(32 if byte == 32 else 120 for byte in _ENCODED)
_DIGITS = _keeping(digits)
_DIGIT_SHAPE = _keeping(digits + ".", "0" * 10 + ".")
_NO_DIGITS = bytes(byte for byte in range(256) if byte not in digits.encode())
_LONG_RUN = b"x" * LONG_TOKEN
_WITHIN_NUMBERS = b" -()/+."
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|[nrt])")


@dataclass(slots=True)
class Reading:
    """What the checks see of one text.

    `text` is as it looks to a reader, with the escapes of JSON strings resolved; `words` are its words in lower case,
    as UTF-8 without apostrophes, and `notable` those of them that any check asks about. `longest_number` counts digits,
    whatever is written between them. `hidden` names ways in which something was hidden; `inner` are texts found inside,
    encoded or invisible; `is_cut` says that more was encoded than was decoded.
    """

    text: str
    words: list[bytes]
    notable: frozenset[bytes]
    long_tokens: tuple[str, ...]
    longest_number: int
    has_dotted_number: bool
    hidden: tuple[str, ...]
    inner: tuple[str, ...]
    is_cut: bool


def read(text: str, vocabulary: frozenset[bytes]) -> Reading:
    """Time is linear in the length of `text`. `vocabulary` holds the words that checks ask about."""
    hidden: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    is_ascii = text.isascii()
    if not is_ascii:
        uncovered = uncover(text)
        text, hidden, inner = uncovered.text, uncovered.ways, uncovered.smuggled
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    raw = text.encode("utf-8", "replace")
    words = (raw if is_ascii else text.lower().encode("utf-8", "replace")).translate(_LOWER, b"'").split()
    long_tokens: tuple[str, ...] = ()
    is_cut = False
    if _LONG_RUN in raw.translate(_ENCODED_SHAPE):
        long_tokens = tuple(token.decode() for token in raw.translate(_TOKENS).split() if len(token) >= LONG_TOKEN)
        decoded, is_cut = encoded.decode(raw.translate(_ENCODED).split(), LONG_TOKEN)
        inner = (*inner, *decoded)
    digits_in_all = len(raw.translate(None, _NO_DIGITS))
    return Reading(
        text,
        words,
        vocabulary.intersection(words),
        long_tokens,
        longest_number=_longest_number(raw) if digits_in_all > 6 else 0,
        has_dotted_number=digits_in_all > 3 and raw.translate(_DIGIT_SHAPE).count(b"0.0") > 1,
        hidden=hidden,
        inner=inner,
        is_cut=is_cut,
    )


def _longest_number(raw: bytes) -> int:
    """Digits of the longest number, whatever is written between them in numbers of cards, accounts and telephones."""
    return max(map(len, raw.translate(_DIGITS, _WITHIN_NUMBERS).split()), default=0)


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code is None:
        return " "
    point = int(code, 16)
    return " " if 0xD800 <= point < 0xE000 else chr(point)
