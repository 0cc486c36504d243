"""The bars the product sets itself, and how this run stands against them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from tests.bench.figures import Figures, cpu_ms, ratio, requests_per_second, spread, wide_requests_per_second
from tests.bench.rounds import Result

CPU_MS = 0.6
ADDED_P50_MS = 2.5
CPU_US_PER_EVENT = 45.0
MEMORY_MB = 220.0
# "Flat": what a run of tens of thousands of requests may add once warm.
MEMORY_GROWTH_MB = 10.0
TIMES_PEER = {"LiteLLM proxy": 15.0, "Portkey gateway": 1.2}
GROWTH_TIMES = 1.1

_CPU = f"CPU of the gateway per request, 16 connections ≤ {CPU_MS:g} ms"
_ADDED = f"added p50 at one connection ≤ {ADDED_P50_MS:g} ms"
_EVENT = f"CPU of the gateway per streamed event ≤ {CPU_US_PER_EVENT:g} µs"
_MEMORY = f"memory of the worker ≤ {MEMORY_MB:g} MB"
_FLAT = f"memory growth over the run ≤ {MEMORY_GROWTH_MB:g} MB"
# A worker's throughput with few calls at once, where waiting counts, and with as many as keep it busy.
_THROUGHPUT = {"16 connections": requests_per_second, "64 connections": wide_requests_per_second}


@dataclass(frozen=True, slots=True)
class Bar:
    """`passed` is None where the run did not measure it; `figure` then says why."""

    name: str
    figure: str
    passed: bool | None

    @property
    def verdict(self) -> str:
        return {True: "pass", False: "FAIL", None: "not measured"}[self.passed]


def of_gateway(ours: Figures) -> list[Bar]:
    per_event = ours.cpu_us_per_event
    return [
        Bar(_CPU, f"{ours.cpu_ms:.3f} ms", ours.cpu_ms <= CPU_MS),
        Bar(_ADDED, f"{ours.added_p50_ms:.2f} ms", ours.added_p50_ms <= ADDED_P50_MS),
        Bar(_EVENT, "no streams", None)
        if per_event is None
        else Bar(_EVENT, f"{per_event:.1f} µs", per_event <= CPU_US_PER_EVENT),
        Bar(_MEMORY, f"{ours.memory_mb:.0f} MB", ours.memory_mb <= MEMORY_MB),
        Bar(_FLAT, f"{ours.memory_growth_mb:+.1f} MB", ours.memory_growth_mb <= MEMORY_GROWTH_MB),
    ]


def of_peers(ours: Result, peers: Mapping[str, Result]) -> list[Bar]:
    """Requests a second beside each peer in the same rounds; a peer that did not run is listed as such."""
    bars = []
    for (peer, times), (connections, figure) in product(TIMES_PEER.items(), _THROUGHPUT.items()):
        name = _peer_bar(peer, connections)
        if peer in peers:
            times_peer = ratio(ours, peers[peer], figure)
            bars.append(Bar(name, f"{times_peer:.2f} ×", times_peer >= times))
        else:
            bars.append(Bar(name, "not installed: make bench-peers", None))
    return bars


def of_growth(base: Result, again: Result, grown: Mapping[str, Result]) -> list[Bar]:
    """CPU per request of each grown database beside the small one; the spread of two small ones is allowed on top."""
    allowed = GROWTH_TIMES + spread(base, again, cpu_ms)
    bars = []
    for name, result in grown.items():
        figure = ratio(result, base, cpu_ms)
        bars.append(Bar(f"CPU per request with {name} ≤ {allowed:.2f} ×", f"{figure:.2f} ×", figure <= allowed))
    return bars


def not_measured(why: str) -> list[Bar]:
    """All of the gateway's bars, for a run without the gateway."""
    beside = [_peer_bar(peer, connections) for peer, connections in product(TIMES_PEER, _THROUGHPUT)]
    return [Bar(name, why, None) for name in (_CPU, *beside, _ADDED, _EVENT, _MEMORY, _FLAT)]


def _peer_bar(peer: str, connections: str) -> str:
    return f"requests/s, {connections} ≥ {TIMES_PEER[peer]:g} × {peer}"
