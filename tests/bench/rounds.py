"""The run itself: every target started once, then measured in turn, round after round.

Rounds are interleaved (A B C A B C), so that whatever else the machine does falls on all targets alike; figures are
medians over rounds, ratios are medians of each round's own ratio.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from tests.bench import load
from tests.bench.load import Stretch
from tests.bench.output import say
from tests.bench.processes import cost, machine_cpu_seconds
from tests.bench.target import Place, Running, Target
from tests.bench.window import Window

TARGET = "target"
EVENTS_PER_STREAM = 100
EVENT_PAUSE_MS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a run takes. `busy`, `wide` and `single` are JSON calls over 16 connections, over 64, which is what
    a worker can do at all, and over one; `stream` is 100 streams at once of 50 events a second each. A plan need not
    have `wide` and `stream`."""

    rounds: int
    warm_up: Stretch
    busy: Stretch
    wide: Stretch | None
    single: Stretch
    stream: Stretch | None


QUICK = Plan(
    rounds=1,
    warm_up=Stretch(16, 1, 0),
    busy=Stretch(16, 2, 1),
    wide=Stretch(64, 2, 1),
    single=Stretch(1, 1, 0),
    stream=Stretch(100, 2, 1),
)
DEFAULT = Plan(
    rounds=3,
    warm_up=Stretch(16, 3, 0),
    busy=Stretch(16, 4, 1),
    wide=Stretch(64, 3, 1),
    single=Stretch(1, 3, 0),
    stream=Stretch(100, 4, 1),
)
FULL = Plan(
    rounds=5,
    warm_up=Stretch(16, 5, 0),
    busy=Stretch(16, 5, 1),
    wide=Stretch(64, 4, 1),
    single=Stretch(1, 4, 1),
    stream=Stretch(100, 5, 1),
)
# Databases of different size differ in CPU per request, if in anything.
GROWTH = Plan(
    rounds=5,
    warm_up=Stretch(16, 5, 0),
    busy=Stretch(16, 5, 1),
    wide=None,
    single=Stretch(1, 1, 0),
    stream=None,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One target in one round. `forwarded` is what the upstream saw of the plain calls, warm-up included;
    `foreign_load` the share of the machine that went to processes which are no part of the benchmark."""

    busy: Window
    wide: Window | None
    single: Window
    stream: Window | None
    forwarded: int
    resident_bytes: int
    foreign_load: float


@dataclass(frozen=True, slots=True)
class Result:
    """All samples of a target in the order of rounds, and its memory before the first."""

    target: Target
    resident_bytes_before: int
    samples: list[Sample]


def measure(targets: Sequence[Target], place: Place, plan: Plan) -> list[Result]:
    """Starts all targets, measures them in interleaved rounds, stops them. The first result is the first target's."""
    with ExitStack() as stack:
        started: list[tuple[Running, Result]] = []
        for target in targets:
            say(f"starting {target.name}")
            running = target.start(place)
            stack.callback(running.stop)
            load.plain(running.plain, plan.warm_up, {})
            started.append((running, Result(target, cost(running.pid).resident_bytes, [])))
        place.upstream.pace(events=EVENTS_PER_STREAM, milliseconds=EVENT_PAUSE_MS)
        for number in range(1, plan.rounds + 1):
            for running, result in started:
                say(f"round {number} of {plan.rounds}: {result.target.name}")
                result.samples.append(_sample(running, place, plan))
        return [result for _, result in started]


def _sample(running: Running, place: Place, plan: Plan) -> Sample:
    watch = {TARGET: running.pid, **running.beside}
    seen_before, started, foreign_before = place.upstream.plain_requests(), time.monotonic(), _foreign_cpu_seconds()
    busy = load.plain(running.plain, plan.busy, watch)
    wide = load.plain(running.plain, plan.wide, watch) if plan.wide else None
    single = load.plain(running.plain, plan.single, watch)
    forwarded = place.upstream.plain_requests() - seen_before - 1
    stream = load.streams(running.stream, plan.stream, watch) if running.stream and plan.stream else None
    foreign_load = (_foreign_cpu_seconds() - foreign_before) / (time.monotonic() - started) / (os.cpu_count() or 1)
    return Sample(busy, wide, single, stream, forwarded, cost(running.pid).resident_bytes, foreign_load)


def _foreign_cpu_seconds() -> float:
    """Everything the benchmark started is below this process."""
    return machine_cpu_seconds() - cost(os.getpid()).cpu_seconds
