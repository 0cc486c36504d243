"""Spend by the hour of organisations that never were, by two processes that have nothing in common.

`seasonal` is what the method was tuned on: a smooth week with multiplicative lognormal noise that remembers the hour
before. `self_exciting` is what it was not: every call brings others (a Hawkes process as a branching one), and what
each costs has a Pareto tail, so that noise comes in bursts and single calls cost as much as an hour.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

Trace = list[float]
Process = Callable[[random.Random, int], Trace]

WEEK_HOURS = 168


def _shape(hour: int) -> float:
    """Of working hours from Monday to Friday: 1 at its height, a tenth by night, a quarter at weekends."""
    day, clock = divmod(hour % WEEK_HOURS, 24)
    daily = 0.1 + 0.9 * math.exp(-(((clock - 13) / 4.0) ** 2))
    return daily * (0.25 if day >= 5 else 1.0)


def seasonal(chance: random.Random, hours: int) -> Trace:
    size, noise, memory = chance.uniform(1, 500), chance.uniform(0.15, 0.45), 0.5
    trace, state = [], 0.0
    for hour in range(hours):
        state = memory * state + math.sqrt(1 - memory**2) * chance.gauss(0, noise)
        trace.append(size * _shape(hour) * math.exp(state))
    return trace


def self_exciting(chance: random.Random, hours: int) -> Trace:
    rate, branching, tail = chance.uniform(20, 120), chance.uniform(0.2, 0.5), chance.uniform(2.1, 3.0)
    calls = [0] * hours
    for hour in range(hours):
        born = poisson(chance, rate * _shape(hour + 6) * (1 - branching))
        while born:
            calls[hour] += born
            children = poisson(chance, born * branching)
            later = sum(chance.random() < 0.3 for _ in range(children))
            if hour + 1 < hours:
                calls[hour + 1] += later
            born = children - later
    return [sum(chance.paretovariate(tail) for _ in range(many)) for many in calls]


def poisson(chance: random.Random, mean: float) -> int:
    """By Knuth's product for small means, rounded from a normal for large ones."""
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, drawn = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        drawn += 1
    return drawn


def days_of(trace: Trace) -> Trace:
    return [sum(trace[start : start + 24]) for start in range(0, len(trace) - len(trace) % 24, 24)]


PROCESSES: dict[str, Process] = {"seasonal": seasonal, "self-exciting": self_exciting}
