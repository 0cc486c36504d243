"""Whether spend is other than it used to be at this hour of the week: robust statistics, no model to train.

Pure functions over series of evenly spaced sums, the latest last. What each of them finds:

    spike     one hour far above what that hour of the week costs
    creep     days that lie a little above their weekday, for long enough
    newcomer  a key, team or model that never spent before and is a good part of the whole by now

Sums are compared on a logarithmic scale, since spend varies by factors. Medians and the median absolute deviation (MAD;
Rousseeuw and Croux, JASA 88, 1993) are not moved by the very outliers that are looked for. The band of a spike is as
wide as this series has been: what was as far out three times in the history is not news. Creep is a one-sided CUSUM
(Page, Biometrika 41, 1954) over a reference that ends two weeks ago, so that it does not get used to the creep.

Only more than usual is told. Less is seldom urgent, and every holiday would say so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Generic, Literal, TypeVar

WEEK_HOURS = 7 * 24
WEEKS = 8
HISTORY_HOURS = WEEKS * WEEK_HOURS
HISTORY_DAYS = 7 * WEEKS
WATCHED_DAYS = 14

_LEAST_HOURS = 2 * WEEK_HOURS  # two weeks, so that an hour of the week has been seen twice
_LEAST_USED_HOURS = 48
_LEAST_DAYS = WATCHED_DAYS + 14
_SIGMA = 1.4826  # the MAD of a normal distribution, in standard deviations
_NARROWEST = 0.12  # no series is so even that 12 % more is far out
_LEAST_SCORE = 4.5
_OFTEN = 3
_BEYOND_HISTORY = 1.35
_SPIKE_FACTOR = 2.0
_SLACK = 0.75  # of CUSUM, in deviations: half of the shift that is to be found fast
_LEAST_SUM = 8.0
_CREEP_FACTOR = 1.25
_MOST_LEVEL = 0.7
_NEWCOMER_SHARE = 0.25

Kind = Literal["spike", "creep", "newcomer"]
Member = TypeVar("Member")


@dataclass(frozen=True, slots=True)
class Anomaly:
    """`expected` is what is usual, `high` what would just not have been told; in the unit of the series.

    `score` is how many deviations above expectation, of a newcomer its share of the whole.
    """

    kind: Kind
    seen: float
    expected: float
    high: float
    score: float


def spike(hours: Sequence[float]) -> Anomaly | None:
    """Whether the last hour is far above its hour of the week. None too where there are not two weeks to compare with.

    Hours go by position: those of the same hour of the week are 168 apart. The hours beside count with them, which
    also carries over a change of the clocks.
    """
    history, seen = hours[-HISTORY_HOURS - 1 : -1], hours[-1]
    if len(history) < _LEAST_HOURS or sum(value > 0 for value in history) < _LEAST_USED_HOURS:
        return None
    offset = _offset(history)
    logs = [math.log(value + offset) for value in history]
    usual = _by_hour_of_week(logs)
    residuals = [log - usual[place % WEEK_HOURS] for place, log in enumerate(logs)]
    expected = usual[len(logs) % WEEK_HOURS] + _level(residuals[-WEEK_HOURS:])
    deviation = _deviation(residuals)
    often = sorted(residuals)[-_OFTEN] / deviation
    threshold = max(_LEAST_SCORE, _BEYOND_HISTORY * often)
    score = (math.log(seen + offset) - expected) / deviation
    usually, high = _back(expected, offset), _back(expected + threshold * deviation, offset)
    high = max(high, _SPIKE_FACTOR * usually)
    return Anomaly("spike", seen, usually, high, score) if seen > high else None


def creep(days: Sequence[float]) -> Anomaly | None:
    """Whether the days of the last two weeks lie above their weekdays before. None too where there are not four weeks.

    The last day is told as it is: it has to be above its weekday by a quarter itself, so that what is over is not news.
    """
    days = days[-HISTORY_DAYS - WATCHED_DAYS :]
    reference, watched = days[:-WATCHED_DAYS], days[-WATCHED_DAYS:]
    if len(days) < _LEAST_DAYS or sum(value > 0 for value in reference) < len(reference) // 2:
        return None
    offset = _offset(reference)
    logs = [math.log(value + offset) for value in days]
    usual = [median(logs[place : len(reference) : 7]) for place in range(7)]
    residuals = [log - usual[place % 7] for place, log in enumerate(logs)]
    deviation = _deviation(residuals[: len(reference)])
    scores = [residual / deviation for residual in residuals]
    threshold = max(_LEAST_SUM, 1.5 * max(_cusum(scores[: len(reference)])))
    reached = _cusum(scores[len(reference) :])[-1]
    expected = _back(usual[(len(days) - 1) % 7], offset)
    high = expected * _CREEP_FACTOR
    is_creep = reached > threshold and watched[-1] > high and fmean(residuals[-3:]) > math.log(_CREEP_FACTOR)
    return Anomaly("creep", watched[-1], expected, high, reached) if is_creep else None


def newcomers(before: Mapping[Member, float], now: Mapping[Member, float], usual_whole: float) -> dict[Member, Anomaly]:
    """Members that had spent nothing `before` and have, `now`, spent a quarter of what the whole usually does.

    `now` covers as long a time as `usual_whole` does. Where the whole is new there is nothing to be compared with.
    """
    if usual_whole <= 0:
        return {}
    high = _NEWCOMER_SHARE * usual_whole
    return {
        member: Anomaly("newcomer", seen, 0.0, high, seen / usual_whole)
        for member, seen in now.items()
        if seen > high and not before.get(member)
    }


@dataclass(frozen=True, slots=True)
class Driver(Generic[Member]):
    """`share` is the part of the whole difference, 1.0 for all of it; more where others fell meanwhile."""

    member: Member
    seen: float
    expected: float
    share: float


def drivers(expected: Mapping[Member, float], seen: Mapping[Member, float], *, most: int = 3) -> list[Driver[Member]]:
    """Which members the difference is made of, those that make the most of it first.

    Members that make less than a twentieth are left out.
    """
    whole = sum(seen.values()) - sum(expected.values())
    if whole <= 0:
        return []
    found = (
        Driver(member, value, expected.get(member, 0.0), (value - expected.get(member, 0.0)) / whole)
        for member, value in seen.items()
    )
    return sorted((one for one in found if one.share >= 0.05), key=lambda one: -one.share)[:most]


def _offset(history: Sequence[float]) -> float:
    """Added to every value: what lies far below the mean counts as nothing, and nothing has a logarithm."""
    return 0.1 * fmean(history)


def _back(log: float, offset: float) -> float:
    return max(0.0, math.exp(log) - offset)


def _by_hour_of_week(logs: Sequence[float]) -> list[float]:
    """What is usual at each place of the week, counted from the first value."""
    weeks = [sorted(logs[place::WEEK_HOURS]) for place in range(WEEK_HOURS)]
    return [
        median((*weeks[place - 1], *weeks[place], *weeks[place], *weeks[(place + 1) % WEEK_HOURS]))
        for place in range(WEEK_HOURS)
    ]


def _level(latest: Sequence[float]) -> float:
    """By how much the last week as a whole lies elsewhere: what has grown since is no spike, within a factor of two."""
    return max(-_MOST_LEVEL, min(_MOST_LEVEL, median(latest)))


def _deviation(residuals: Sequence[float]) -> float:
    middle = median(residuals)
    return max(_NARROWEST, _SIGMA * median(abs(residual - middle) for residual in residuals))


def _cusum(scores: Sequence[float]) -> list[float]:
    """No single day adds more than four: one spike is a spike."""
    sums = [0.0]
    for score in scores:
        sums.append(max(0.0, sums[-1] + min(score, 4.0) - _SLACK))
    return sums[1:]
