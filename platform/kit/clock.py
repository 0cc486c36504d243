"""The one place where the time of day is read, so that tests and replays can set it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_fixed_at: datetime | None = None


def now() -> datetime:
    """The current moment, timezone-aware, in UTC."""
    return _fixed_at or datetime.now(UTC)


def epoch_ms() -> int:
    """Milliseconds since the Unix epoch, from the same source as `now`."""
    if _fixed_at is not None:
        return int(_fixed_at.timestamp() * 1000)
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds that never go back: for durations and deadlines, not for records."""
    return time.monotonic()


@contextmanager
def fixed(at: datetime) -> Iterator[None]:
    """Holds `now` at one moment inside the block; for tests."""
    global _fixed_at
    before, _fixed_at = _fixed_at, at
    try:
        yield
    finally:
        _fixed_at = before


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """Holds `now` at the present moment plus `by` inside the block; for tests."""
    with fixed(now() + by):
        yield
