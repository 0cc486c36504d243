"""Prompts and answers, sealed so that each opens in its own place only, and committed to without being revealed.

    plaintext  = nonce (16 random bytes) ‖ body
    ciphertext = AES-256-GCM(data key, plaintext, associated = organisation ‖ record id ‖ part)
    commit     = HMAC-SHA-256(nonce, body)        ct_hash = SHA-256(ciphertext)

The envelope holds `commit` and `ct_hash`. The nonce lies inside the ciphertext, so that a commitment to a short or
guessable text cannot be tried out once the key is gone.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from uuid import UUID

from audit.choices import BodyPart
from audit.ledger.rows import SealedBody
from audit.models import Body, DataKey
from audit.vault.keys import OpenKey, unwrap
from audit.vault.roots import RootKeys
from kit import crypto

_COMMIT_NONCE = 16
_CIPHER_NONCE = 12


@dataclass(frozen=True, slots=True)
class OpenedBody:
    """`commit` is computed anew, to be compared with the envelope's."""

    content: bytes
    commit: bytes


def seal_body(key: OpenKey, record_id: UUID, part: BodyPart, content: bytes) -> SealedBody:
    """For the record of that id, in that organisation, as that part. Takes a few microseconds and does not wait."""
    random = os.urandom(_COMMIT_NONCE + _CIPHER_NONCE)
    nonce, cipher_nonce = random[:_COMMIT_NONCE], random[_COMMIT_NONCE:]
    place = _place(key.organization_id, record_id, part)
    ciphertext = cipher_nonce + key.cipher.encrypt(cipher_nonce, nonce + content, place)
    return SealedBody(
        part=part,
        data_key_id=key.id,
        ciphertext=ciphertext,
        commit=crypto.keyed_digest(nonce, content),
        ct_hash=hashlib.sha256(ciphertext).digest(),
    )


def open_body(body: Body, data_key: DataKey, roots: RootKeys) -> OpenedBody:
    """The content of a stored body.

    Raises `kit.crypto.SealBroken` for one that was altered or moved, `roots.KeyMissing` for one whose tenant key is
    destroyed. Whoever calls has asked for a reason and recorded it.
    """
    tenant_key = roots.version(data_key.organization_id, data_key.tenant_key_version)
    key = unwrap(tenant_key, data_key.organization_id, data_key.id, bytes(data_key.wrapped))
    place = _place(body.organization_id, body.record_id, body.part)
    plaintext = crypto.open_sealed(key, bytes(body.ciphertext), associated=place)
    nonce, content = plaintext[:_COMMIT_NONCE], plaintext[_COMMIT_NONCE:]
    return OpenedBody(content, crypto.keyed_digest(nonce, content))


def _place(organization_id: UUID, record_id: UUID, part: str) -> bytes:
    return organization_id.bytes + record_id.bytes + part.encode()
