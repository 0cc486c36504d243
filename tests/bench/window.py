"""What one stretch of load showed, whoever made the load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """Counts and times of one measured stretch. `refused` are answers that are not a success, `broken` connections that
    failed; either makes the run invalid. `cpu_seconds` is what each watched process tree used meanwhile. Latencies
    are of whole answers; `events`, the time to a stream's first event and the gaps between two of its pieces only of
    streams."""

    seconds: float
    requests: int
    refused: int
    broken: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_seconds: Mapping[str, float]
    events: int = 0
    first_event_p50_ms: float = 0.0
    first_event_p99_ms: float = 0.0
    gap_p50_ms: float = 0.0
    gap_p99_ms: float = 0.0

    @property
    def failures(self) -> int:
        return self.refused + self.broken

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds

    def cpu_ms_per_request(self, watched: str) -> float:
        return 1000 * self.cpu_seconds[watched] / max(1, self.requests)

    def cpu_us_per_event(self, watched: str) -> float:
        return 1_000_000 * self.cpu_seconds[watched] / max(1, self.events)


def percentile(ordered: list[float], share: float) -> float:
    """The nearest-rank percentile of values in ascending order; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
