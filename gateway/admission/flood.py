"""A limit within one worker, before anything costs: no worker alone admits more than the cluster would.

It bounds what a caller over its limit can burn of parsing and inspection. The exact, shared limit is admission's.
"""

from __future__ import annotations

from time import monotonic
from uuid import UUID

_BURST_SECONDS = 60.0
_KEPT = 200_000


class FloodGate:
    """The generic cell rate algorithm (ITU-T I.371) per credential: one number each, a minute's worth of burst."""

    def __init__(self) -> None:
        self._due: dict[UUID, float] = {}

    def wait_seconds(self, credential_id: UUID, requests_per_minute: int) -> float:
        """Counts one request and gives 0; or counts nothing and gives the seconds until one would pass."""
        now = monotonic()
        due = max(self._due.get(credential_id, now), now) + 60.0 / max(requests_per_minute, 1)
        wait = due - now - _BURST_SECONDS
        if wait > 1e-9:
            return wait
        if len(self._due) >= _KEPT:
            self._due = {identifier: at for identifier, at in self._due.items() if at > now}
        self._due[credential_id] = due
        return 0.0
