"""Secrets that are shown once: API keys and personal access tokens.

    chy_7M2KQ9XW4TBD_<43 characters of secret><6 characters of checksum>

The prefix finds the key on a screen and may be logged. The checksum (CRC-32, base 62) lets a mistyped key
be refused without any look-up. Only an HMAC-SHA-256 digest under a numbered pepper is stored; a pepper is
rotated by adding the next number, and the old one stays until no secret uses it.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_urlsafe

from kit.crypto import keyed_digest

_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PREFIX_LENGTH = 12
_CHECKSUM_LENGTH = 6


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """`text` is shown once and never stored; `digest` is."""

    text: str
    prefix: str
    digest: bytes
    pepper_number: int


@dataclass(frozen=True, slots=True)
class Peppers:
    """Numbered server-side keys of the digests. The highest number is used for new secrets."""

    by_number: Mapping[int, bytes]

    @property
    def current(self) -> int:
        return max(self.by_number)

    def digests(self, text: str) -> list[bytes]:
        """The digest of `text` under each pepper, newest first."""
        message = text.encode()
        return [keyed_digest(self.by_number[number], message) for number in sorted(self.by_number, reverse=True)]


def issue(kind: str, peppers: Peppers) -> IssuedSecret:
    """A new secret whose text begins with `kind` (`chy` for API keys, `chp` for personal access tokens)."""
    prefix = f"{kind}_{''.join(_BASE32[byte % 32] for byte in os.urandom(_PREFIX_LENGTH))}"
    body = f"{prefix}_{token_urlsafe(32)}"
    text = body + _checksum(body)
    number = peppers.current
    return IssuedSecret(text, prefix, keyed_digest(peppers.by_number[number], text.encode()), number)


def well_formed(text: str) -> bool:
    """Whether the checksum fits: false for typing errors and for secrets of other systems."""
    body, checksum = text[:-_CHECKSUM_LENGTH], text[-_CHECKSUM_LENGTH:]
    return text.isascii() and body.count("_") >= 2 and _checksum(body) == checksum


def _checksum(body: str) -> str:
    value = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        value, digit = divmod(value, 62)
        digits = _BASE62[digit] + digits
    return digits
