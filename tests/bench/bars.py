"""The bars the product sets itself, and how this run stands against them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.bench.figures import Figures, cpu_ms, ratio, requests_per_second, spread
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
_PEER = {peer: f"requests/s ≥ {times:g} × {peer}" for peer, times in TIMES_PEER.items()}


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
    for peer, times in TIMES_PEER.items():
        if peer not in peers:
            bars.append(Bar(_PEER[peer], "not installed: make bench-peers", None))
            continue
        figure = ratio(ours, peers[peer], requests_per_second)
        bars.append(Bar(_PEER[peer], f"{figure:.2f} ×", figure >= times))
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
    return [Bar(name, why, None) for name in (_CPU, *_PEER.values(), _ADDED, _EVENT, _MEMORY, _FLAT)]
