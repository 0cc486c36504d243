"""One path under more and more connections, and what a worker serves while nobody waits too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench import load
from tests.bench.load import Stretch
from tests.bench.rounds import TARGET
from tests.bench.survey.paths import Path
from tests.bench.target import Request, Running
from tests.bench.window import Window

CONNECTIONS = (1, 16, 64, 256)
# Finer, to find where the latency bounds are met.
FINE = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
BOUNDS_MS = (5.0, 10.0, 50.0)


@dataclass(frozen=True, slots=True)
class Rung:
    """A path at so many connections. Added time is counted from the upstream alone at as many."""

    path: str
    connections: int
    cpu_ms: float
    requests_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    added_p50_ms: float | None
    failures: int


@dataclass(frozen=True, slots=True)
class Bounded:
    """The most requests a second at which 99 of 100 were answered within `p99_ms`; none where not even one was."""

    p99_ms: float
    requests_per_second: float | None
    connections: int | None


def climb(gateway: Running, upstream: Request, paths: Sequence[Path], seconds: float) -> list[Rung]:
    rungs = []
    for connections in CONNECTIONS:
        stretch = Stretch(connections, seconds, 1)
        bare = load.plain(upstream, stretch, {})
        rungs += [_rung(path, connections, _measured(gateway, path.request, stretch), bare) for path in paths]
    return sorted(rungs, key=lambda rung: [path.name for path in paths].index(rung.path))


def within_bounds(gateway: Running, request: Request, seconds: float) -> list[Bounded]:
    seen = {connections: _measured(gateway, request, Stretch(connections, seconds, 1)) for connections in FINE}
    found = []
    for bound in BOUNDS_MS:
        within = {number: window for number, window in seen.items() if window.p99_ms <= bound}
        best = max(within, key=lambda number: within[number].requests_per_second, default=None)
        found.append(Bounded(bound, within[best].requests_per_second if best else None, best))
    return found


def _measured(gateway: Running, request: Request, stretch: Stretch) -> Window:
    return load.plain(request, stretch, {TARGET: gateway.pid})


def _rung(path: Path, connections: int, seen: Window, bare: Window) -> Rung:
    return Rung(
        path=path.name,
        connections=connections,
        cpu_ms=seen.cpu_ms_per_request(TARGET),
        requests_per_second=seen.requests_per_second,
        p50_ms=seen.p50_ms,
        p95_ms=seen.p95_ms,
        p99_ms=seen.p99_ms,
        added_p50_ms=None if path.refuses else seen.p50_ms - bare.p50_ms,
        failures=seen.broken if path.refuses else seen.failures,
    )
