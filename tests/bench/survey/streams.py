"""Streams: the time until the first event, the gaps after it, and how many a worker carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench import load, traffic
from tests.bench.load import Stretch
from tests.bench.rounds import TARGET
from tests.bench.target import Request, Running
from tests.bench.upstream import Upstream
from tests.bench.window import Window


@dataclass(frozen=True, slots=True)
class Pace:
    """So many streams at once, each of `events` events, one every `milliseconds`; 0 sends them all at once."""

    streams: int
    events: int
    milliseconds: int

    @property
    def name(self) -> str:
        if not self.milliseconds:
            return f"{self.streams} × {self.events} events at once"
        return f"{self.streams} × {1000 / self.milliseconds:g} events/s"

    @property
    def seconds(self) -> float:
        """Until every stream has begun and ended once."""
        return 1.0 + self.events * self.milliseconds / 1000


PACES = (
    Pace(1, 50, 20),
    Pace(100, 100, 20),
    Pace(500, 40, 100),
    Pace(500, 100, 20),
    Pace(16, 100, 0),
)


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a pace. Kept: the share of the events that the upstream would have sent by itself."""

    pace: str
    cpu_us_per_event: float
    events_per_second: float
    kept: float | None
    added_first_event_p50_ms: float
    first_event_p99_ms: float
    gap_p50_ms: float
    gap_p99_ms: float
    failures: int


def carry(gateway: Running, servers: Upstream, paces: Sequence[Pace] = PACES) -> list[Carried]:
    assert gateway.stream is not None
    bare = Request(port=servers.stream_port, body=traffic.chat(traffic.STREAM_MODEL, stream=True))
    found = []
    for pace in paces:
        servers.pace(events=pace.events, milliseconds=pace.milliseconds)
        stretch = Stretch(pace.streams, 2 * pace.seconds, pace.seconds)
        direct = load.streams(bare, stretch, {})
        found.append(_carried(pace, load.streams(gateway.stream, stretch, {TARGET: gateway.pid}), direct))
    return found


def _carried(pace: Pace, seen: Window, direct: Window) -> Carried:
    return Carried(
        pace=pace.name,
        cpu_us_per_event=seen.cpu_us_per_event(TARGET),
        events_per_second=seen.events / seen.seconds,
        kept=seen.events / max(1, direct.events) if pace.milliseconds else None,
        added_first_event_p50_ms=seen.first_event_p50_ms - direct.first_event_p50_ms,
        first_event_p99_ms=seen.first_event_p99_ms,
        gap_p50_ms=seen.gap_p50_ms,
        gap_p99_ms=seen.gap_p99_ms,
        failures=seen.failures,
    )
