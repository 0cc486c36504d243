"""Texts that were encoded in base64 or hexadecimal, so that a filter would not read them and a model would."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

MAX_ENCODED = 65_536  # bytes that are decoded per text

_HEXADECIMAL = b"0123456789abcdefABCDEF"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def decode(tokens: Iterable[bytes], shortest: int) -> tuple[list[str], bool]:
    """The texts that tokens of at least `shortest` characters encode, and whether more was encoded than is decoded."""
    texts: list[str] = []
    left = MAX_ENCODED
    for token in tokens:
        if len(token) >= shortest:
            left -= len(token)
            if left < 0:
                return texts, True
            text = _decoded(token)
            if text is not None:
                texts.append(text)
    return texts, False


def _decoded(token: bytes) -> str | None:
    try:
        if len(token) % 2 == 0 and not token.strip(_HEXADECIMAL):
            text = bytes.fromhex(token.decode()).decode()
        else:
            bare = token.rstrip(b"=").translate(_URL_SAFE)
            text = base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text if " ".join(text.split()).isprintable() else None
