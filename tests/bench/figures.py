"""From samples to figures: medians, ratios of each round, the spread of A against A, and what makes a run invalid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.bench.rounds import TARGET, Result, Sample
from tests.bench.window import Window

MEGABYTE = 1_000_000
# More than this of the machine gone to others, and requests/s and latencies are theirs as much as the target's.
FOREIGN_LOAD = 0.1
# An upstream that is not several times as fast as the fastest target would be measured along with it.
UPSTREAM_MARGIN = 3.0


@dataclass(frozen=True, slots=True)
class Figures:
    """One target's row. Times of whole answers are at 16 connections unless the name says otherwise. `beside` is the
    CPU of each service the target leans on, in ms a request. Memory grows from the end of the first round, in a run of
    one from its beginning."""

    name: str
    does: str
    cpu_ms: float
    requests_per_second: float
    wide_requests_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    single_p50_ms: float
    single_p99_ms: float
    added_p50_ms: float
    cpu_us_per_event: float | None
    events_per_second: float | None
    gap_p99_ms: float | None
    memory_mb: float
    memory_growth_mb: float
    requests: int
    beside: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grown:
    """A gateway over a database of some size: CPU a request and requests a second at 16 connections, and the CPU of
    the services beside it in ms a request."""

    name: str
    cpu_ms: float
    requests_per_second: float
    beside: Mapping[str, float]


def grown(result: Result) -> Grown:
    return Grown(
        name=result.target.name,
        cpu_ms=median(cpu_ms(sample) for sample in result.samples),
        requests_per_second=median(requests_per_second(sample) for sample in result.samples),
        beside=_beside(result.samples),
    )


def figures(result: Result, direct: Result) -> Figures:
    """`direct` is the upstream measured in the same rounds, from which added time is counted."""
    samples = result.samples
    added = [ours.single.p50_ms - bare.single.p50_ms for ours, bare in zip(samples, direct.samples, strict=True)]
    resident, before = [sample.resident_bytes for sample in samples], result.resident_bytes_before
    return Figures(
        name=result.target.name,
        does=result.target.does,
        cpu_ms=median(cpu_ms(sample) for sample in samples),
        requests_per_second=median(requests_per_second(sample) for sample in samples),
        wide_requests_per_second=median(wide_requests_per_second(sample) for sample in samples),
        p50_ms=median(sample.busy.p50_ms for sample in samples),
        p95_ms=median(sample.busy.p95_ms for sample in samples),
        p99_ms=median(sample.busy.p99_ms for sample in samples),
        single_p50_ms=median(sample.single.p50_ms for sample in samples),
        single_p99_ms=median(sample.single.p99_ms for sample in samples),
        added_p50_ms=median(added),
        cpu_us_per_event=_of_streams(samples, lambda window: window.cpu_us_per_event(TARGET)),
        events_per_second=_of_streams(samples, lambda window: window.events / window.seconds),
        gap_p99_ms=_of_streams(samples, lambda window: window.gap_p99_ms),
        memory_mb=max(resident) / MEGABYTE,
        memory_growth_mb=(resident[-1] - (resident[0] if len(resident) > 1 else before)) / MEGABYTE,
        requests=sum(sample.forwarded for sample in samples),
        beside=_beside(samples),
    )


def cpu_ms(sample: Sample) -> float:
    return sample.busy.cpu_ms_per_request(TARGET)


def requests_per_second(sample: Sample) -> float:
    return sample.busy.requests_per_second


def wide_requests_per_second(sample: Sample) -> float:
    return sample.wide.requests_per_second if sample.wide else 0.0


def single_p50_ms(sample: Sample) -> float:
    return sample.single.p50_ms


def ratio(of: Result, to: Result, figure: Callable[[Sample], float]) -> float:
    """The median over rounds of one target's figure divided by the other's in the same round."""
    pairs = zip(of.samples, to.samples, strict=True)
    return median(figure(one) / other if (other := figure(two)) else float("inf") for one, two in pairs)


def spread(first: Result, second: Result, figure: Callable[[Sample], float]) -> float:
    """How far two equal targets came apart, as a share: what a difference must exceed to mean anything."""
    return abs(ratio(first, second, figure) - 1)


def problems(results: Sequence[Result], direct: Result) -> list[str]:
    """Why the figures may not be used; empty for a valid run."""
    found: list[str] = []
    for result in results:
        for number, sample in enumerate(result.samples, 1):
            found.extend(f"{result.target.name}, round {number}: {problem}" for problem in _problems(sample))
    capacity = median(requests_per_second(sample) for sample in direct.samples)
    fastest = max((requests_per_second(sample) for result in results for sample in result.samples), default=0.0)
    if capacity < UPSTREAM_MARGIN * fastest:
        found.append(f"the upstream answers {capacity:,.0f} requests/s, too few to measure {fastest:,.0f}/s behind it")
    return found


def foreign_load(results: Sequence[Result]) -> str:
    """How much of the machine others took while it was measured, and whether that is too much."""
    shares = [sample.foreign_load for result in results for sample in result.samples]
    text = f"Other processes took {100 * median(shares):.0f} % of the machine (at worst {100 * max(shares):.0f} %)"
    disturbed = median(shares) > FOREIGN_LOAD
    return (
        f"{text}: too much to trust requests/s and latencies; measure again on a quiet one."
        if disturbed
        else f"{text}."
    )


def _problems(sample: Sample) -> list[str]:
    found = []
    windows = {
        "16 connections": sample.busy,
        "64 connections": sample.wide,
        "1 connection": sample.single,
        "streams": sample.stream,
    }
    for kind, window in windows.items():
        if window is None:
            continue
        if window.failures:
            found.append(f"{window.refused} answers were no success and {window.broken} connections broke ({kind})")
        if not (window.requests or window.events):
            found.append(f"nothing was answered ({kind})")
    answered = sample.busy.requests + sample.single.requests + (sample.wide.requests if sample.wide else 0)
    if sample.forwarded < answered:
        found.append(f"answered {answered} calls, of which the upstream saw only {sample.forwarded}")
    return found


def _beside(samples: Sequence[Sample]) -> dict[str, float]:
    return {
        name: median(sample.busy.cpu_ms_per_request(name) for sample in samples)
        for name in samples[0].busy.cpu_seconds
        if name != TARGET
    }


def _of_streams(samples: Sequence[Sample], figure: Callable[[Window], float]) -> float | None:
    windows = [sample.stream for sample in samples if sample.stream]
    return median(figure(window) for window in windows) if windows else None
