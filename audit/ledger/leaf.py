"""The hash of a record as a leaf of the log (RFC 9162 §2.1.1), over what orders it and what it says."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAF = b"\x00"


@dataclass(frozen=True, slots=True)
class Header:
    """`tenant_seq` counts the organisation's records without a gap, so that their number is authenticated too."""

    id: UUID
    organization_id: UUID
    tenant_seq: int
    at: datetime
    kind: str
    action: str

    def encode(self) -> bytes:
        """id (16) ‖ organisation (16) ‖ tenant_seq (u64) ‖ at (i64, µs since 1970) ‖ kind ‖ action, big-endian.

        A text is preceded by its length in bytes (u16), so that no two headers have the same encoding.
        """
        microseconds = (self.at - _EPOCH) // timedelta(microseconds=1)
        fixed = self.id.bytes + self.organization_id.bytes + struct.pack(">Qq", self.tenant_seq, microseconds)
        return fixed + _text(self.kind) + _text(self.action)


def leaf_hash(header: Header, envelope: bytes) -> bytes:
    """SHA-256(0x00 ‖ header ‖ envelope), 32 bytes."""
    return hashlib.sha256(_LEAF + header.encode() + envelope).digest()


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack(">H", len(encoded)) + encoded
