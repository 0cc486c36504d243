"""One worker and two, over one database."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench import load
from tests.bench.load import Stretch
from tests.bench.processes import cost
from tests.bench.rounds import TARGET
from tests.bench.target import Running


@dataclass(frozen=True, slots=True)
class Team:
    workers: int
    cpu_ms: float
    requests_per_second: float
    p99_ms: float
    memory_mb: float
    failures: int


def together(workers: int, gateway: Running, seconds: float) -> Team:
    seen = load.plain(gateway.plain, Stretch(64, seconds, 2), {TARGET: gateway.pid})
    return Team(
        workers=workers,
        cpu_ms=seen.cpu_ms_per_request(TARGET),
        requests_per_second=seen.requests_per_second,
        p99_ms=seen.p99_ms,
        memory_mb=cost(gateway.pid).resident_bytes / 1e6,
        failures=seen.failures,
    )
