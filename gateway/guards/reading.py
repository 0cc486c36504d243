"""A text made ready for the checks: what is hidden brought out, and the cheap facts that let a check skip it.

Ordinary prose must cost little, so the facts are gathered by translating bytes and looking for short strings,
which run at memory speed, and expressions run only where the facts say that they could match.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from string import ascii_letters, ascii_lowercase, digits

LONG_TOKEN = 20  # characters; the shortest key of a provider (AWS) has as many
MAX_DECODED = 65_536  # bytes of encoded text that are decoded per text

_TOKEN = (ascii_letters + digits + "_-").encode()
_ENCODED = (ascii_letters + digits + "+/_-=").encode()


def _keeping(kept: bytes, shown: bytes | None = None) -> bytes:
    """A translation table that shows the bytes of `kept` as `shown`, each as itself by default, the rest as blanks."""
    table = bytearray(b" " * 256)
    for position, byte in enumerate(kept):
        table[byte] = byte if shown is None else shown[position % len(shown)]
    return bytes(table)


_WORDS = bytearray(_keeping(ascii_lowercase.encode() + digits.encode() + bytes(range(128, 256))))
for _upper, _lower in zip(ascii_letters[26:].encode(), ascii_lowercase.encode(), strict=True):
    _WORDS[_upper] = _lower
_WORD_TABLE = bytes(_WORDS)
_ENCODED_SHAPE = _keeping(_ENCODED, b"x")
_ENCODED_TABLE = _keeping(_ENCODED)
_TOKEN_TABLE = _keeping(_TOKEN)
_DIGIT_SHAPE = _keeping(digits.encode() + b".", b"0000000000.")
_LONG_RUN = b"x" * LONG_TOKEN
_NUMBER_RUN = b"0" * 7  # the shortest telephone number
_BETWEEN_DIGITS = b" -()/+"

# Characters a reader does not see: zero width, bidirectional controls, soft hyphen, fillers, variation selectors.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]"
)
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_SELECTORS = re.compile("[\U000e0100-\U000e01ef]{4,}")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|[nrt])")
_FLAG = "\U0001f3f4"  # what the tags of a flag of a region follow, their only ordinary use
_QUOTES = (("\u2018", "'"), ("\u2019", "'"), ("\u201c", '"'), ("\u201d", '"'))
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # invisible, and letters to `isprintable`
_NOT_GREEK_OR_CYRILLIC = bytes(byte for byte in range(256) if byte not in b"\xcd\xce\xcf\xd0\xd1\xd2\xd3\xd4")
_BROKEN_WORD = re.compile("[A-Za-z][\u00ad\u200b\u200c\u200d\u2060-\u2064\ufeff]+[A-Za-z]")
_WORD = re.compile(r"\w+")
_LATIN = re.compile("[A-Za-z]")
# Cyrillic and Greek letters that look like Latin ones.
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТХІЈЅοαινρτυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijshdqwABEKMHOPCTXIJSoaivptuABEZHIKMNOPTYX"
)


@dataclass(slots=True)
class Reading:
    """What the checks see of one text.

    `text` is normalised (NFKC), without invisible characters and with JSON's escapes resolved; `words` are its words
    in lower case, as UTF-8 without apostrophes. `hidden` names ways in which something was hidden from a reader.
    `inner` are texts found inside: decoded from base64 or hexadecimal, or written in invisible characters.
    """

    text: str
    raw: bytes
    words: list[bytes]
    hidden: tuple[str, ...] = ()
    inner: list[str] = field(default_factory=list)
    is_cut: bool = False  # more was encoded than is decoded

    @property
    def has_long_token(self) -> bool:
        return _LONG_RUN in self.raw.translate(_ENCODED_SHAPE)

    @property
    def has_long_number(self) -> bool:
        """Whether at least seven digits stand together, with or without what is written between them."""
        return _NUMBER_RUN in self.raw.translate(_DIGIT_SHAPE, b" -()/+.")

    @property
    def has_dotted_number(self) -> bool:
        return self.raw.translate(_DIGIT_SHAPE).count(b"0.0") > 1

    def tokens(self) -> list[str]:
        """The long tokens that keys are made of (letters, digits, dash, underscore)."""
        found = self.raw.translate(_TOKEN_TABLE).split()
        return [token.decode() for token in found if len(token) >= LONG_TOKEN]


def read(text: str) -> Reading:
    """Time is linear in the length of `text`."""
    hidden: list[str] = []
    inner: list[str] = []
    if not text.isascii():
        text = _uncover(text, hidden, inner)
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    raw = text.encode("utf-8", "replace")
    lowered = raw if text.isascii() else text.lower().encode("utf-8", "replace")
    reading = Reading(text, raw, lowered.translate(_WORD_TABLE, b"'").split(), tuple(hidden), inner)
    if reading.has_long_token:
        _decode_inner(reading)
    return reading


def _uncover(text: str, hidden: list[str], inner: list[str]) -> str:
    """`text` without what a reader does not see, in the letters that it looks like."""
    raw = text.encode("utf-8", "replace")
    if b"\xf3\xa0" in raw:  # how tags and variation selectors begin in UTF-8
        text = _without_smuggled(text, hidden, inner)
    if not text.replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable() or any(
        filler in text for filler in _FILLERS
    ):
        if _BROKEN_WORD.search(text):
            hidden.append("broken_words")
        if "\u202d" in text or "\u202e" in text:
            hidden.append("bidirectional_override")
        text = INVISIBLE.sub("", text)
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    for curly, straight in _QUOTES:
        text = text.replace(curly, straight)
    if raw.translate(None, _NOT_GREEK_OR_CYRILLIC):
        text = _WORD.sub(_in_latin, text)
    return text


def _without_smuggled(text: str, hidden: list[str], inner: list[str]) -> str:
    for found in _TAGS.finditer(text):
        if text[found.start() - 1 : found.start()] != _FLAG:
            hidden.append("tag_characters")
            inner.append("".join(chr(ord(char) - 0xE0000) for char in found[0]))
    for found in _SELECTORS.finditer(text):
        hidden.append("variation_selectors")
        inner.append(bytes(ord(char) - 0xE0100 + 16 & 0xFF for char in found[0]).decode("utf-8", "replace"))
    return _SELECTORS.sub("", _TAGS.sub("", text))


def _in_latin(found: re.Match[str]) -> str:
    """A word that mixes Latin with letters that look like it; words of one script are left alone."""
    word = found[0]
    return word.translate(_LOOK_ALIKES) if _LATIN.search(word) and not word.isascii() else word


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code is None:
        return " "
    point = int(code, 16)
    return " " if 0xD800 <= point < 0xE000 else chr(point)


def _decode_inner(reading: Reading) -> None:
    left = MAX_DECODED
    for token in reading.raw.translate(_ENCODED_TABLE).split():
        if len(token) < LONG_TOKEN:
            continue
        left -= len(token)
        if left < 0:
            reading.is_cut = True
            return
        reading.inner.extend(_decoded(token))


def _decoded(token: bytes) -> Iterator[str]:
    """The text a token encodes, if it encodes text."""
    try:
        if len(token) % 2 == 0 and not token.strip(b"0123456789abcdefABCDEF"):
            decoded = bytes.fromhex(token.decode())
        else:
            stripped = token.rstrip(b"=").translate(_URL_SAFE)
            decoded = base64.b64decode(stripped + b"=" * (-len(stripped) % 4), validate=True)
        text = decoded.decode()
    except (binascii.Error, ValueError):
        return
    if text.isprintable() or text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        yield text


_URL_SAFE = bytes.maketrans(b"-_", b"+/")
