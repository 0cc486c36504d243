"""Providers' credentials, sealed under the application's field key and bound to their row."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from kit import crypto


def seal(provider_id: UUID, credential: str) -> bytes:
    """The stored form; empty for no credential."""
    if not credential:
        return b""
    return crypto.seal(settings.FIELD_KEY, credential.encode(), associated=_place(provider_id))


def reveal(provider_id: UUID, sealed: bytes) -> str:
    """The credential, for the gateway's memory only. Raises `kit.crypto.SealBroken`."""
    if not sealed:
        return ""
    return crypto.open_sealed(settings.FIELD_KEY, sealed, associated=_place(provider_id)).decode()


def reseal(sealed: bytes, provider_id: UUID, before: bytes) -> bytes | None:
    """What is sealed under the field key `before`, under the present one; none where that opens it already.

    Raises `kit.crypto.SealBroken` where neither does.
    """
    try:
        reveal(provider_id, sealed)
    except crypto.SealBroken:
        return seal(provider_id, crypto.open_sealed(before, sealed, associated=_place(provider_id)).decode())
    return None


def _place(provider_id: UUID) -> bytes:
    return b"provider.credential" + provider_id.bytes
