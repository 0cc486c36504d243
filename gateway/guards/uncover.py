"""What a text hides from whoever reads it, and not from a model: invisible characters, letters that look alike."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kit.normal_form import nfkc

# Zero width, bidirectional controls, soft hyphen, fillers, variation selectors.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0100-\U000e01ef]"
)
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # invisible, and letters or marks to `isprintable`
_SELECTOR_STARTS = (b"\xe1\xa0", b"\xef\xb8", b"\xf3\xa0")  # how selectors, which count as printable, begin in UTF-8
_BROKEN_WORD = re.compile("[A-Za-z][\u200b\u200c\u2060-\u2064\ufeff]+[A-Za-z]")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_SELECTORS = re.compile("[\U000e0100-\U000e01ef]{4,}")
_FLAG = "\U0001f3f4"  # tags have one ordinary use: after this, in the flag of a region
_PLAIN = (
    *(("\u2018", "'"), ("\u2019", "'"), ("\u201c", '"'), ("\u201d", '"')),
    *((dash, "-") for dash in "\u2010\u2012\u2013\u2212"),
)

_NOT_GREEK_OR_CYRILLIC = bytes(byte for byte in range(256) if byte not in b"\xcd\xce\xcf\xd0\xd1\xd2\xd3\xd4")
_WORD = re.compile(r"\w+")
_LATIN = re.compile("[A-Za-z]")
# Cyrillic and Greek letters that look like Latin ones.
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТХІЈЅοαινρτυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshdqwABEKMHOPCTXIJSoaivptuABEZHIKMNOPTYX",
)


@dataclass(frozen=True, slots=True)
class Uncovered:
    """`ways` names how something was hidden; `smuggled` are the texts written in invisible characters."""

    text: str
    ways: tuple[str, ...] = ()
    smuggled: tuple[str, ...] = ()


def uncover(text: str) -> Uncovered:
    """The text as it looks, normalised (NFKC), with plain quotation marks and dashes. Time is linear in its length."""
    ways: list[str] = []
    smuggled: tuple[str, ...] = ()
    raw = text.encode("utf-8", "replace")
    if b"\xf3\xa0" in raw:  # how tags and variation selectors begin in UTF-8
        text, smuggled = _take_smuggled(text, ways)
    one_line = text.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    hides = not one_line.isprintable() or any(mark in raw for mark in _SELECTOR_STARTS)
    if hides or any(filler in text for filler in _FILLERS):
        if _BROKEN_WORD.search(text):
            ways.append("broken_words")
        if "\u202d" in text or "\u202e" in text:
            ways.append("bidirectional_override")
        text = _INVISIBLE.sub("", text)
    text = nfkc(text)
    for fine, plain in _PLAIN:
        text = text.replace(fine, plain)
    if raw.translate(None, _NOT_GREEK_OR_CYRILLIC):
        text = _WORD.sub(_in_latin, text)
    return Uncovered(text, tuple(ways), smuggled)


def _take_smuggled(text: str, ways: list[str]) -> tuple[str, tuple[str, ...]]:
    smuggled = []
    for found in _TAGS.finditer(text):
        if text[found.start() - 1 : found.start()] != _FLAG:
            ways.append("tag_characters")
            smuggled.append("".join(chr(ord(char) - 0xE0000) for char in found[0]))
    for found in _SELECTORS.finditer(text):
        ways.append("variation_selectors")
        hidden = bytes((ord(char) - 0xE0100 + 16) & 0xFF for char in found[0])
        smuggled.append(hidden.decode("utf-8", "replace"))
    return _SELECTORS.sub("", _TAGS.sub("", text)), tuple(smuggled)


def _in_latin(found: re.Match[str]) -> str:
    """A word that mixes Latin with letters that look like it; words of one script are left alone."""
    word = found[0]
    return word if word.isascii() or not _LATIN.search(word) else word.translate(_LOOK_ALIKES)
