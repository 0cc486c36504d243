"""Files of evidence: which are taken, and how they are kept. Nothing in them is unpacked, executed or fetched."""

from __future__ import annotations

import hashlib
import json
import re
from uuid import UUID

from django.conf import settings

from kit import crypto, errors

MOST_BYTES = 10 * 1024 * 1024
_SIGNATURES = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
TAKEN = "PDF, PNG, JPEG, JSON or plain text"


def digest(content: bytes) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(content).hexdigest()


def media_type_of(content: bytes) -> str:
    """By what the file is, whatever its name says. Raises `errors.InvalidRequest` for any that is not taken: archives
    and office files, which would have to be unpacked, and whatever a browser would run; `errors.RequestTooLarge`."""
    if len(content) > MOST_BYTES:
        raise errors.RequestTooLarge(f"A file has {MOST_BYTES // 1024 // 1024} MiB at most.", param="file")
    for signature, media_type in _SIGNATURES.items():
        if content.startswith(signature):
            return media_type
    text = _text(content)
    if text is None or not text.strip() or text.lstrip("\ufeff \t\r\n").startswith("<"):
        raise errors.InvalidRequest(f"A file is {TAKEN}.", param="file")
    return "application/json" if _is_json(text) else "text/plain"


def seal(organization_id: UUID, evidence_id: UUID, content: bytes) -> bytes:
    return crypto.seal(settings.FIELD_KEY, content, associated=_place(organization_id, evidence_id))


def reveal(organization_id: UUID, evidence_id: UUID, sealed: bytes) -> bytes:
    """Raises `kit.crypto.SealBroken`."""
    return crypto.open_sealed(settings.FIELD_KEY, sealed, associated=_place(organization_id, evidence_id))


def reseal(organization_id: UUID, evidence_id: UUID, sealed: bytes, before: bytes) -> bytes | None:
    """What is sealed under the field key `before`, under the present one; none where that opens it already.

    Raises `kit.crypto.SealBroken` where neither does.
    """
    try:
        reveal(organization_id, evidence_id, sealed)
    except crypto.SealBroken:
        place = _place(organization_id, evidence_id)
        return seal(organization_id, evidence_id, crypto.open_sealed(before, sealed, associated=place))
    return None


def _place(organization_id: UUID, evidence_id: UUID) -> bytes:
    return b"evidence.file" + organization_id.bytes + evidence_id.bytes


def _text(content: bytes) -> str | None:
    """None for what holds control characters that no text has."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
