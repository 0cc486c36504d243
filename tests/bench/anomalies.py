"""What is found of what was put into invented traces, how soon, and how often nothing was there.

`make bench-anomalies` (SEEDS=N). The method was tuned on the `seasonal` process alone; the other one is the test.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from audit.usage.anomalies import HISTORY_DAYS, HISTORY_HOURS, WATCHED_DAYS, creep, spike
from tests.bench.output import say
from tests.support.traces import PROCESSES, Process, Trace, days_of

SEEDS = int(os.environ.get("SEEDS") or 40)
NORMAL_DAYS = 30
BEFORE = HISTORY_DAYS + WATCHED_DAYS
QUIET_HOURS = 24  # an alert stays open for so long after it fired last: what comes again meanwhile is the same one


@dataclass(frozen=True, slots=True)
class Change:
    """`of` changes a trace from an hour on, and is to be told within so many days."""

    name: str
    of: Callable[[Trace, int], None]
    starts_at_hour: int  # of its day
    days: int


def _times(factor: float, hours: int) -> Callable[[Trace, int], None]:
    def change(trace: Trace, start: int) -> None:
        for hour in range(start, min(start + hours, len(trace))):
            trace[hour] *= factor

    return change


def _creeping(a_day: float) -> Callable[[Trace, int], None]:
    def change(trace: Trace, start: int) -> None:
        for hour in range(start, len(trace)):
            trace[hour] *= (1 + a_day) ** ((hour - start) / 24)

    return change


CHANGES = (
    Change("one hour of work ×5", _times(5, 1), 14, 1),
    Change("one hour of work ×10", _times(10, 1), 14, 1),
    Change("three hours at night ×20", _times(20, 3), 2, 1),
    Change("level ×2 for good", _times(2, 10**6), 9, 14),
    Change("level ×1.5 for good", _times(1.5, 10**6), 9, 14),
    Change("creep of 3 % a day", _creeping(0.03), 0, 30),
    Change("creep of 5 % a day", _creeping(0.05), 0, 30),
)


def told_at(trace: Trace, since: int, until: int) -> Iterator[int]:
    """The hours at whose end somebody would be told, of those between."""
    days = days_of(trace)
    for hour in range(since, until):
        if spike(trace[max(0, hour - HISTORY_HOURS) : hour + 1]):
            yield hour
        elif hour % 24 == 23 and creep(days[: hour // 24 + 1]):
            yield hour


def false_alerts(process: Process, seed: int) -> int:
    """Alerts that would be opened in thirty days in which nothing changes."""
    trace = process(random.Random(seed), (BEFORE + NORMAL_DAYS) * 24)
    opened, last = 0, -(10**9)
    for hour in told_at(trace, BEFORE * 24, len(trace)):
        opened += hour - last > QUIET_HOURS
        last = hour
    return opened


def delay(process: Process, change: Change, seed: int) -> int | None:
    """Hours from the beginning of the change to the first alert; none where it is not told in time."""
    trace = process(random.Random(seed), (BEFORE + change.days) * 24)
    start = BEFORE * 24 + change.starts_at_hour
    change.of(trace, start)
    found = next(told_at(trace, start, len(trace)), None)
    return None if found is None else found - start + 1


def report(seeds: int = SEEDS) -> Iterator[str]:
    for name, process in PROCESSES.items():
        opened = [false_alerts(process, seed) for seed in range(seeds)]
        rate = sum(opened) / seeds
        yield f"{name}: {rate:.2f} false alerts in 30 normal days ({seeds} seeds, at most {max(opened)})"
        yield f"  {'change':<28} {'found':>6} {'median delay':>13} {'slowest':>8}"
        for change in CHANGES:
            found = sorted(late for seed in range(seeds) if (late := delay(process, change, 1000 + seed)) is not None)
            middle, slowest = (_shown(found[len(found) // 2]), _shown(found[-1])) if found else ("-", "-")
            yield f"  {change.name:<28} {len(found) / seeds:>6.0%} {middle:>13} {slowest:>8}"


def _shown(hours: int) -> str:
    return f"{hours} h" if hours < 48 else f"{hours / 24:.1f} d"


if __name__ == "__main__":
    for line in report():
        say(line)
