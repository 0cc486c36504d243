"""What will be spent, from what was spent on past days. Pure: no clock, no database, the same answer every time.

Method. A day costs *level x weekday x luck*. *Weekday* is the mean of that weekday's days over the mean of all; drawn
to 1 where there are fewer than three, so that one odd Monday is no pattern. *Level* is what the last four weeks cost
over what their weekdays weigh. *Luck* is what past days cost beyond that, as a factor, spread as much wider as it was
narrowed by fitting weekdays to it. A rest of days is forecast by the sum of level times weekday.

The band is that sum drawn 400 times: each day with the luck of a past day, and each weekday with the mean luck of as
many days as it is known from, since that is how wrong it may be. Four of five lie within, where days go on as before.
Trends are not followed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

LEVEL_DAYS = 28
PATTERN_DAYS = 56  # how much of the past is worth reading
_ENOUGH = 3  # days of a weekday that make a pattern
_DRAWS = 400
_LOW, _HIGH = 0.08, 0.93
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Nano-USD of a whole, what is spent already included; four of five lie between `low` and `high`."""

    expected: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Habit:
    """How days go: nano-USD of a usual one, a factor for each weekday from Monday, and the luck of past days, of which
    there were so many of each weekday.
    """

    level: float
    weekdays: tuple[float, ...]
    luck: tuple[float, ...]
    weeks: int = 4

    def of_day(self, day: date) -> float:
        return self.level * self.weekdays[day.weekday()]

    def at_level(self, spent: int, days: Mapping[date, float]) -> Habit:
        """The same week and luck at another level: that of so much on these days, each a share of a day."""
        weight = sum(self.weekdays[day.weekday()] * share for day, share in days.items())
        return replace(self, level=spent / weight if weight else 0.0)


def habit(days: Mapping[date, int]) -> Habit | None:
    """Of whole days in the past, those without spend included. None where nothing was spent."""
    if not any(days.values()):
        return None
    mean = sum(days.values()) / len(days)
    weekdays = tuple(
        _factor([spent / mean for day, spent in days.items() if day.weekday() == each]) for each in range(7)
    )
    recent = sorted(days)[-LEVEL_DAYS:]
    level = sum(days[day] for day in recent) / sum(weekdays[day.weekday()] for day in recent)
    if not level:
        return Habit(0.0, weekdays, (1.0,))
    luck = [days[day] / (level * weekdays[day.weekday()]) for day in recent]
    mean_luck, wider = sum(luck) / len(luck), (len(luck) / max(len(luck) - 7, 2)) ** 0.5
    spread = tuple(max(0.0, 1 + wider * (each / mean_luck - 1)) for each in luck)
    return Habit(level, weekdays, spread, max(1, len(recent) // 7))


def forecast(spent: int, rest: Mapping[date, float], known: Habit) -> Forecast:
    """`rest` are the days still to come, each with the share of it that is."""
    expected = spent + sum(known.of_day(day) * share for day, share in rest.items())
    totals = sorted(_drawn(spent, rest, known))
    low, high = totals[int(_LOW * (len(totals) - 1))], totals[int(_HIGH * (len(totals) - 1))]
    return Forecast(round(expected), min(low, round(expected)), max(high, round(expected)))


def runs_out_on(left: int, rest: Mapping[date, float], known: Habit) -> date | None:
    """The day on which so much more will have been spent, if it is one of these."""
    for day in sorted(rest):
        left -= round(known.of_day(day) * rest[day])
        if left < 0:
            return day
    return None


def days_between(first: date, last: date) -> list[date]:
    """Both included."""
    return [first + each * _DAY for each in range((last - first).days + 1)]


def _factor(ratios: Sequence[float]) -> float:
    """Never nothing: a weekday on which nothing was spent yet may still bring something."""
    usual = 0 if len(ratios) >= _ENOUGH else 1
    return max(0.02, (sum(ratios) + usual) / (len(ratios) + usual))


def _drawn(spent: int, rest: Mapping[date, float], known: Habit) -> list[int]:
    chance = random.Random(1)  # noqa: S311 - the same band for the same days
    usual = [(day.weekday(), known.of_day(day) * share) for day, share in rest.items()]
    found = []
    for _ in range(_DRAWS):
        wrong = [sum(chance.choices(known.luck, k=known.weeks)) / known.weeks for _ in range(7)]
        luck = chance.choices(known.luck, k=len(usual))
        found.append(
            spent + round(sum(cost * wrong[day] * each for (day, cost), each in zip(usual, luck, strict=True)))
        )
    return found
