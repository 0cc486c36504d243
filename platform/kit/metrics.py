"""Figures of this process: integers in memory, added up over processes elsewhere (`kit.metric_files`).

A family is declared once, where what it counts happens; `of` gives one series of it, to be kept by whoever counts
often. Counting is an addition: no lock, no look-up. Label values are never text from a request. Gauges are not set
but asked when somebody looks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any, Generic, Literal, TypeVar

Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[str, ...]
State = dict[str, dict[str, Any]]  # by family: what it is, and its series

# Seconds: a fraction of a millisecond of our own work up to a long answer.
FAST = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Count:
    """A series of a counter; `value` is added to."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def state(self) -> int:
        return self.value


class Distribution:
    """A series of a histogram."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def state(self) -> list[float]:
        return [*self.counts, self.sum]


Series = TypeVar("Series", Count, Distribution)


class Family(Generic[Series]):
    """All series of one name."""

    def __init__(
        self,
        kind: Kind,
        name: str,
        means: str,
        labels: Labels,
        make: Callable[[], Series],
        bounds: tuple[float, ...] = (),
    ) -> None:
        self.name = name
        self.labels = labels
        self._make: Callable[[], Series] = make
        self.about: dict[str, Any] = {"kind": kind, "means": means, "labels": labels, "bounds": bounds}
        self._series: dict[Labels, Series] = {}
        _declare(name, self)
        if not labels:
            self.of()

    def of(self, *values: str) -> Series:
        """The series with these values of the labels."""
        found = self._series.get(values)
        if found is None:
            if len(values) != len(self.labels):
                raise ValueError(f"{self.name} has the labels {self.labels}")
            found = self._series.setdefault(values, self._make())
        return found

    def state(self) -> dict[str, Any]:
        return {**self.about, "series": [[labels, one.state()] for labels, one in list(self._series.items())]}


class Gauges:
    """One name whose values are asked for: `read` gives pairs of label values and value."""

    def __init__(
        self, name: str, means: str, labels: Labels, read: Callable[[], Iterable[tuple[Labels, float]]]
    ) -> None:
        self.about: dict[str, Any] = {"kind": "gauge", "means": means, "labels": labels, "bounds": ()}
        self._read = read
        _declare(name, self)

    def state(self) -> dict[str, Any]:
        return {**self.about, "series": [[labels, value] for labels, value in self._read()]}


_declared: dict[str, Family[Any] | Gauges] = {}


def counter(name: str, means: str, *labels: str) -> Family[Count]:
    """`name` ends in `_total`."""
    return Family("counter", name, means, labels, Count)


def histogram(name: str, means: str, *labels: str, bounds: tuple[float, ...] = FAST) -> Family[Distribution]:
    return Family("histogram", name, means, labels, lambda: Distribution(bounds), bounds)


def gauge(name: str, means: str, read: Callable[[], float | None]) -> Gauges:
    """One value without labels; none while there is none."""
    return gauges(name, means, (), lambda: (((), value),) if (value := read()) is not None else ())


def gauges(name: str, means: str, labels: Labels, read: Callable[[], Iterable[tuple[Labels, float]]]) -> Gauges:
    """Several of one name."""
    return Gauges(name, means, labels, read)


def state() -> State:
    """Everything that this process has counted and can say of itself now."""
    return {name: family.state() for name, family in sorted(_declared.items())}


def declared() -> list[tuple[str, Kind, Labels, str]]:
    """Every name with its kind, its labels and what it means."""
    found = [(name, family.about) for name, family in sorted(_declared.items())]
    return [(name, about["kind"], about["labels"], about["means"]) for name, about in found]


def _declare(name: str, family: Family[Any] | Gauges) -> None:
    if name in _declared:
        raise ValueError(f"{name} is declared twice")
    _declared[name] = family
