"""How often somebody reached for a row, by the walls that stood; `python -m tests.isolation` adds it up."""

from __future__ import annotations

WHOLE = "CHANCERY_WHOLE_ISOLATION"  # set, nothing is left out of the second pass
BOTH, DATABASE = "both walls", "row-level security alone"
_attempts = 0


def count() -> None:
    global _attempts
    _attempts += 1


def taken() -> int:
    """What was counted since the last time."""
    global _attempts
    found, _attempts = _attempts, 0
    return found
