"""Spend over time as stacked bars: where each piece stands, and what it leads to. Drawn as SVG on the server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from audit.usage.totals import Figures, Per, Period, Place, labelled, totals
from kit import money
from portal.spend.story import Line
from portal.spend.wanted import Wanted

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 960, 230, 70, 24, 8
SERIES = 5  # groups that have a colour of their own; the others share one
OTHERS = "all others"
_HOURLY = timedelta(days=2)
_DAILY = timedelta(days=45)
_DAY, _HOUR, _WEEK = timedelta(days=1), timedelta(hours=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar. `series` is its colour, from 1; the last is of all other groups."""

    series: int
    name: str
    nano_usd: int
    y: float
    height: float
    below: str


@dataclass(frozen=True, slots=True)
class Bar:
    """`is_partial`: it is not over yet."""

    name: str
    x: float
    width: float
    middle: float
    pieces: list[Piece]
    nano_usd: int
    requests: int
    is_partial: bool
    below: str

    @property
    def top(self) -> float:
        return min((piece.y for piece in self.pieces), default=float(HEIGHT - BOTTOM))

    @property
    def height(self) -> float:
        return HEIGHT - BOTTOM - self.top


@dataclass(frozen=True, slots=True)
class Chart:
    """`unit` is hour, day or week; `ticks` are heights with their amounts, `legend` colours with names."""

    unit: str
    bars: list[Bar]
    ticks: list[tuple[float, str]]
    legend: list[tuple[int, str]]

    width, height, left = WIDTH, HEIGHT, LEFT
    text_y = HEIGHT - 8

    @property
    def label_every(self) -> int:
        return max(1, len(self.bars) // 10)


def draw(wanted: Wanted, present: Period, ranked: Sequence[Line], now: datetime) -> Chart:
    """`ranked` are the groups by their weight. Hours, days and weeks of which nothing is known are empty bars."""
    unit = _unit(wanted)
    found = _gathered(_totals(wanted, present, "hour" if unit == "hour" else "day"), unit)
    begins = list(_begins(present, unit))
    highest = max((sum(each.nano_usd for each in found.get(at, {}).values()) for at in begins), default=0)
    drawing = _Drawing(wanted, present, unit, ranked[:SERIES], _round_up(highest), now)
    step = (WIDTH - LEFT) / max(len(begins), 1)
    bars = [drawing.bar(at, LEFT + number * step, step, found.get(at, {})) for number, at in enumerate(begins)]
    legend = [(number + 1, line.name) for number, line in enumerate(ranked[:SERIES])]
    if len(ranked) > SERIES:
        legend.append((SERIES + 1, OTHERS))
    return Chart(unit, bars, drawing.ticks(), legend)


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What all bars have in common."""

    wanted: Wanted
    present: Period
    unit: str
    coloured: Sequence[Line]
    highest: int
    now: datetime

    def bar(self, at: date | datetime, x: float, step: float, groups: Mapping[Any, Figures]) -> Bar:
        return Bar(
            name=_named(at, self.unit),
            x=round(x + step * 0.12, 1),
            width=round(step * 0.76, 1),
            middle=round(x + step / 2, 1),
            pieces=list(self._pieces(at, groups)),
            nano_usd=sum(figures.nano_usd for figures in groups.values()),
            requests=sum(figures.requests for figures in groups.values()),
            is_partial=self._end(at) > self.now,
            below=self._below(at),
        )

    def ticks(self) -> list[tuple[float, str]]:
        parts = (0, 2, 4) if self.highest else (0,)
        return [(self._y(self.highest * part // 4), money.display(self.highest * part // 4)) for part in parts]

    def _pieces(self, at: date | datetime, groups: Mapping[Any, Figures]) -> Iterator[Piece]:
        known = {line.value for line in self.coloured}
        others = sum(figures.nano_usd for value, figures in groups.items() if value not in known)
        named = [
            (line.name, groups.get(line.value, Figures()).nano_usd, self._piece_below(at, line.value))
            for line in self.coloured
        ]
        under = 0
        for number, (name, amount, below) in enumerate([*named, (OTHERS, others, self._below(at))]):
            if amount > 0:
                top = self._y(under + amount)
                yield Piece(number + 1, name, amount, top, round(self._y(under) - top, 1), below)
                under += amount

    def _below(self, at: date | datetime) -> str:
        """What a bar leads to: the days it stands for, told apart alike; an hour's requests."""
        if isinstance(at, datetime):
            return self.wanted.requests(Period(at, at + _HOUR, self.present.time_zone))
        return self._days(at).address()

    def _piece_below(self, at: date | datetime, value: Any) -> str:
        if isinstance(at, datetime):
            return self.wanted.only(value).requests(Period(at, at + _HOUR, self.present.time_zone))
        return self._days(at).below(self.wanted.by, value)

    def _days(self, at: date) -> Wanted:
        last = min(at + _WEEK - _DAY, self.wanted.last) if self.unit == "week" else at
        return self.wanted.on(max(at, self.wanted.first), last)

    def _end(self, at: date | datetime) -> datetime:
        if isinstance(at, datetime):
            return at + _HOUR
        return datetime.combine(at + (_WEEK if self.unit == "week" else _DAY), time(), self.present.zone)

    def _y(self, nano_usd: int) -> float:
        room = HEIGHT - BOTTOM - TOP
        return round(HEIGHT - BOTTOM - (room * nano_usd / self.highest if self.highest else 0), 1)


def _unit(wanted: Wanted) -> str:
    span = wanted.last - wanted.first
    return "hour" if span < _HOURLY else "week" if span > _DAILY else "day"


def _totals(wanted: Wanted, present: Period, per: Per) -> dict[Place, Figures]:
    label = wanted.label
    if label is None:
        return totals(present, wanted.by.column, per=per, of=wanted.columns)
    assert label.label is not None
    value, team_id = wanted.of.get(label.name), wanted.of.get("team")
    return labelled(present, label.label, per=per, value=value, team_id=team_id, by_team=wanted.by.name == "team")


def _gathered(found: Mapping[Place, Figures], unit: str) -> dict[Any, dict[Any, Figures]]:
    gathered: dict[Any, dict[Any, Figures]] = defaultdict(lambda: defaultdict(Figures))
    for (at, value), figures in found.items():
        assert at is not None
        gathered[_monday(at) if unit == "week" else at][value] += figures
    return gathered


def _begins(present: Period, unit: str) -> Iterator[date | datetime]:
    """Of each hour, day or week that the period reaches into."""
    if unit == "hour":
        at = present.since
        while at < present.until:
            yield at.astimezone(present.zone)
            at = at.astimezone(UTC) + _HOUR
        return
    day = present.since.astimezone(present.zone).date()
    last = (present.until.astimezone(UTC) - timedelta(microseconds=1)).astimezone(present.zone).date()
    day = _monday(day) if unit == "week" else day
    while day <= last:
        yield day
        day += _WEEK if unit == "week" else _DAY


def _named(at: date | datetime, unit: str) -> str:
    if isinstance(at, datetime):
        return f"{at:%d %b %H:%M}"
    return f"week of {at:%d %b}" if unit == "week" else f"{at:%d %b}"


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _round_up(highest: int) -> int:
    """4 times 1, 2 or 5 with zeros, so that the lines stand at amounts that one can read."""
    size = 4
    while size < highest:
        for factor in (1, 2, 5):
            if size * factor >= highest:
                return size * factor
        size *= 10
    return size if highest else 0
