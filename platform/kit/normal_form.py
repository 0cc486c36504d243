"""Compatibility normalisation of texts that anybody may have sent."""

from __future__ import annotations

import unicodedata

# Marks that follow one another are sorted by insertion, in time that grows with the square of their number: half a
# megabyte of them would hold a process up for a minute. A slice of this many characters takes a tenth of a millisecond.
_SLICE = 512


def nfkc(text: str) -> str:
    """The text in the form NFKC, in time linear in its length.

    Long texts are normalised in slices, so that a letter and its marks may stay apart where two slices meet.
    """
    if len(text) <= _SLICE:
        return _normalized(text)
    return "".join([_normalized(text[first : first + _SLICE]) for first in range(0, len(text), _SLICE)])


def _normalized(text: str) -> str:
    return text if unicodedata.is_normalized("NFKC", text) else unicodedata.normalize("NFKC", text)
