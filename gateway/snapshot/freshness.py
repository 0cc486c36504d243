"""Whether what is in memory may still be decided by."""

from __future__ import annotations

from kit import clock

# A loop that is this late was stopped, or its machine was; a busy one is not.
_GRACE_SECONDS = 2.0


class Freshness:
    """The database confirms the snapshot every second, and every call asks here whether that is recent enough.

    A worker that overslept its next look (`kill -STOP`, a paused machine) decides nothing until a look that began
    after waking has been taken in, however short the allowed age has been missed by: others may have been told by
    then that a change is in force.
    """

    def __init__(self) -> None:
        self._confirmed_at = float("-inf")
        self._wakes_by = float("inf")
        self._overslept = False

    def sleeps(self, seconds: float) -> None:
        """The next look begins in so many seconds at the latest."""
        self._wakes_by = clock.monotonic() + seconds + _GRACE_SECONDS

    def wakes(self) -> None:
        """A look begins now."""
        self._overslept = self._overslept or clock.monotonic() > self._wakes_by
        self._wakes_by = float("inf")

    def confirmed(self, asked_at: float) -> None:
        """A look that began at `asked_at` (monotonic) has been taken in."""
        self._confirmed_at = asked_at
        self._overslept = False

    def holds(self, max_age_seconds: float) -> bool:
        late = self._overslept or clock.monotonic() > self._wakes_by
        return not late and self.age_seconds() <= max_age_seconds

    def age_seconds(self) -> float:
        """Since the moment for which the database last confirmed that nothing newer was known."""
        return clock.monotonic() - self._confirmed_at
