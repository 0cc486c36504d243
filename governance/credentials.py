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


def _place(provider_id: UUID) -> bytes:
    return b"provider.credential" + provider_id.bytes
