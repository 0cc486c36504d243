"""What was spent in a period by group, beside the period before, and which groups explain the change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.usage.totals import Figures, Group, Period, crossed, labelled
from portal.spend.dimensions import DIMENSIONS, LEVELS, Dimension
from portal.spend.wanted import Wanted

SHOWN = 50
_EXPLAINING = (*LEVELS, "use_case", "provider")
_DRIVERS = 6
_WORTH_TELLING = 0.1  # of the change
Groups = dict[Any, Figures]


@dataclass(frozen=True, slots=True)
class Line:
    """A group, with addresses of what lies below it and of its requests. `before` is nano-USD."""

    value: Any
    name: str
    figures: Figures
    before: int
    share: int
    below: str
    requests: str

    @property
    def change(self) -> int:
        return self.figures.nano_usd - self.before

    @property
    def percent(self) -> int | None:
        return round(100 * self.change / self.before) if self.before else None


@dataclass(frozen=True, slots=True)
class Driver:
    """`share` is of the whole change, in per cent; `is_new`: nothing was spent on it before."""

    dimension: Dimension
    name: str
    change: int
    share: int
    is_new: bool
    below: str


@dataclass(frozen=True, slots=True)
class Story:
    """`lines` are the dearest, `rest` are how many more there are. `change` is nano-USD."""

    total: Figures
    before: Figures
    lines: list[Line]
    rest: int
    drivers: list[Driver]
    present: Mapping[Any, Figures]

    @property
    def change(self) -> int:
        return self.total.nano_usd - self.before.nano_usd

    @property
    def percent(self) -> int | None:
        return round(100 * self.change / self.before.nano_usd) if self.before.nano_usd else None


def tell(wanted: Wanted, present: Period, before: Period) -> Story:
    if wanted.label:
        now, then = _of_labels(wanted, present), _of_labels(wanted, before)
        drivers: list[Driver] = []
    else:
        explaining = [name for name in dict.fromkeys((*_EXPLAINING, wanted.by.name)) if name not in wanted.of]
        explaining += [wanted.by.name] * (wanted.by.name in wanted.of)
        apart, apart_before = _apart(wanted, explaining, present), _apart(wanted, explaining, before)
        now, then = apart[wanted.by.name], apart_before[wanted.by.name]
        drivers = _drivers(wanted, {name: (apart[name], apart_before[name]) for name in explaining})
    total, total_before = sum(now.values(), Figures()), sum(then.values(), Figures())
    shown = sorted({*now, *then}, key=lambda value: -_weight(now, then, value))
    names = wanted.by.called(shown[:SHOWN])
    lines = [_line(wanted, value, names[value], now, then, total) for value in shown[:SHOWN]]
    return Story(total, total_before, lines, len(shown) - len(lines), drivers, now)


def _weight(now: Groups, then: Groups, value: Any) -> int:
    return max(now.get(value, Figures()).nano_usd, then.get(value, Figures()).nano_usd)


def _line(wanted: Wanted, value: Any, name: str, now: Groups, then: Groups, total: Figures) -> Line:
    figures = now.get(value, Figures())
    share = round(100 * figures.nano_usd / total.nano_usd) if total.nano_usd else 0
    below = wanted.below(wanted.by, value)
    requests = wanted.only(value).requests()
    return Line(value, name, figures, then.get(value, Figures()).nano_usd, share, below, requests)


def _apart(wanted: Wanted, names: list[str], period: Period) -> dict[str, Groups]:
    """By each of these dimensions, from one look at what they have in common."""
    columns: list[Group] = [column for name in names if (column := DIMENSIONS[name].column)]
    found: dict[str, Groups] = {name: defaultdict(Figures) for name in names}
    for place, figures in crossed(period, columns, of=wanted.columns).items():
        for name, value in zip(names, place, strict=True):
            found[name][value] += figures
    return {name: dict(groups) for name, groups in found.items()}


def _of_labels(wanted: Wanted, period: Period) -> Groups:
    """Of tags or end users, or of one of them by team."""
    label = wanted.label
    assert label is not None
    assert label.label is not None
    by_team = wanted.by.name == "team"
    found = labelled(
        period, label.label, value=wanted.of.get(label.name), team_id=wanted.of.get("team"), by_team=by_team
    )
    return {value: figures for (_, value), figures in found.items()}


def _drivers(wanted: Wanted, apart: Mapping[str, tuple[Groups, Groups]]) -> list[Driver]:
    """Of each dimension what moved most in the direction of the whole, where that is worth telling."""
    found: list[tuple[str, Any, int, bool, float]] = []
    for name, (now, then) in apart.items():
        moved = _moved(now, then)
        whole = sum(moved.values())
        if len(moved) < 2 or not whole:
            continue
        value, change = max(moved.items(), key=lambda each: each[1] * (1 if whole > 0 else -1))
        if change / whole >= _WORTH_TELLING:
            found.append((name, value, change, value not in then, change / whole))
    return [_driver(wanted, *each) for each in sorted(found, key=lambda each: -each[4])[:_DRIVERS]]


def _driver(wanted: Wanted, name: str, value: Any, change: int, is_new: bool, share: float) -> Driver:
    dimension = DIMENSIONS[name]
    [called] = dimension.called([value]).values()
    return Driver(dimension, called, change, round(100 * share), is_new, wanted.below(dimension, value))


def _moved(now: Groups, then: Groups) -> dict[Any, int]:
    values: Iterable[Any] = {*now, *then}
    return {value: now.get(value, Figures()).nano_usd - then.get(value, Figures()).nano_usd for value in values}
