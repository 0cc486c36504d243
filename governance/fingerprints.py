"""A vector of a register entry's words, by which near-duplicates are found at intake.

Feature hashing (Weinberger et al. 2009) of character trigrams into a unit vector: no model, no network,
the same on every machine. It sees spelling, not meaning: `gpt-4o` and `GPT 4o mini` are near, synonyms are not.
"""

from __future__ import annotations

import math
import re
import zlib

from governance.models.catalogue import FINGERPRINT_DIMENSIONS

_SEPARATORS = re.compile(r"[^a-z0-9]+")


def of(*texts: str) -> list[float]:
    """A unit vector of `FINGERPRINT_DIMENSIONS` numbers; of zeros only for text without letters or digits."""
    words = _SEPARATORS.sub(" ", " ".join(texts).lower()).strip()
    vector = [0.0] * FINGERPRINT_DIMENSIONS
    padded = f" {words} "
    for start in range(len(padded) - 2):
        feature = zlib.crc32(padded[start : start + 3].encode())
        vector[feature % FINGERPRINT_DIMENSIONS] += 1.0 if feature & 0x8000_0000 else -1.0
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector] if length else vector
