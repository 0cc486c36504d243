"""Authenticated encryption of small values: AES-256-GCM (NIST SP 800-38D), 96-bit random nonce.

A sealed value is `nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes)`. The associated data binds it to its
place, so that a value moved to another row or tenant does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBroken(Exception):
    """The value was altered, moved to another place, or sealed under another key."""


def new_key() -> bytes:
    """A random AES-256 key."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plaintext: bytes, *, associated: bytes) -> bytes:
    """Encrypts `plaintext` under a 32-byte key, bound to `associated`."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, associated)


def open_sealed(key: bytes, sealed: bytes, *, associated: bytes) -> bytes:
    """The plaintext. Raises `SealBroken`."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], associated)
    except (InvalidTag, ValueError) as broken:
        raise SealBroken("a sealed value does not open here") from broken


def keyed_digest(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256, 32 bytes (RFC 2104)."""
    return hmac.digest(key, message, hashlib.sha256)
