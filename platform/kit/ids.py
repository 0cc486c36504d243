"""UUIDv7 identifiers (RFC 9562 §5.7): ordered by time, and the partition key of the large tables.

Made here and not by the database, because `uuidv7()` exists only from PostgreSQL 18.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from uuid import UUID

from kit import clock

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_A = (1 << 12) - 1
_RANDOM_B = (1 << 62) - 1


def new_id() -> UUID:
    """A new UUIDv7 of the current millisecond; 74 random bits."""
    random = int.from_bytes(os.urandom(10), "big")
    return _compose(clock.epoch_ms(), random >> 68, random & _RANDOM_B)


def first_id_at(at: datetime) -> UUID:
    """The smallest UUIDv7 of the millisecond `at`: turns a time filter into an id bound."""
    return _compose(int(at.timestamp() * 1000), 0, 0)


def time_of(identifier: UUID) -> datetime:
    """The millisecond in which a UUIDv7 was made, in UTC."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)


def _compose(milliseconds: int, random_a: int, random_b: int) -> UUID:
    return UUID(
        int=(milliseconds & ((1 << 48) - 1)) << 80 | _VERSION | (random_a & _RANDOM_A) << 64 | _VARIANT | random_b
    )
