"""Where tenant keys live: apart from the database, so that a backup of it opens nothing.

A tenant key wraps the organisation's data keys and has versions; destroying one destroys what is under it, in every
backup too. The index key finds a person's records without storing who the person is, and has no versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


class KeyMissing(Exception):
    """No such version: destroyed, or never made here."""


@dataclass(frozen=True, slots=True)
class TenantKey:
    """`key` is 32 bytes."""

    version: int
    key: bytes


class RootKeys(Protocol):
    """A keystore. What it hands out is kept in memory only."""

    def current(self, organization_id: UUID) -> TenantKey:
        """The newest version. The first one is made when it is first asked for, once for all processes."""

    def version(self, organization_id: UUID, number: int) -> TenantKey:
        """Raises `KeyMissing`."""

    def index_key(self, organization_id: UUID) -> bytes:
        """32 bytes; made when first asked for."""
