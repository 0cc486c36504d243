"""UUIDv7 identifiers (RFC 9562 §5.7): ordered by time, and the partition key of the large tables.

Made here and not by the database, because `uuidv7()` exists only from PostgreSQL 18.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from uuid import UUID

from kit import clock

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_A = (1 << 12) - 1
_RANDOM_B = (1 << 62) - 1


def new_id(at: datetime | None = None) -> UUID:
    """A new UUIDv7 of the current millisecond, or of the one in which `at` lies; 74 random bits."""
    random = int.from_bytes(os.urandom(10), "big")
    milliseconds = clock.epoch_ms() if at is None else int(at.timestamp() * 1000)
    return _compose(milliseconds, random >> 68, random & _RANDOM_B)


def later_id(first: UUID, seconds: float) -> UUID:
    """A new UUIDv7 of so many seconds after another was made: a clock that is set in between does not tell them apart
    by hours."""
    return new_id(time_of(first) + timedelta(seconds=seconds))


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
