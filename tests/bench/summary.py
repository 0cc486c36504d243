"""Turns what was measured into the report: rows, ratios, spreads, bars and what makes the run invalid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench import bars
from tests.bench.bars import TIMES_PEER, Bar
from tests.bench.figures import (
    cpu_ms,
    figures,
    foreign_load,
    problems,
    ratio,
    requests_per_second,
    single_p50_ms,
    spread,
    wide_requests_per_second,
)
from tests.bench.machine import Machine
from tests.bench.report import Report
from tests.bench.rounds import Plan, Result

RATIOS = {
    "requests/s": requests_per_second,
    "requests/s, 64 conn.": wide_requests_per_second,
    "CPU/request": cpu_ms,
    "p50, 1 conn.": single_p50_ms,
}


@dataclass(frozen=True, slots=True)
class Growth:
    """Gateways over databases of different size, measured in rounds of their own. `again` equals `base`."""

    base: Result
    again: Result
    grown: Mapping[str, Result]

    @property
    def results(self) -> list[Result]:
        return [self.base, self.again, *self.grown.values()]


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of the main rounds. `ours` holds the gateway twice, or is empty where it could not be started."""

    direct: Result
    ours: Sequence[Result]
    others: Sequence[Result]

    @classmethod
    def of(cls, results: Sequence[Result]) -> Measured:
        """`results` begins with the upstream itself."""
        direct, *rest = results
        ours = [result for result in rest if result.target.ours]
        return cls(direct, ours, [result for result in rest if not result.target.ours])


def summarise(
    machine: Machine, plan: Plan, measured: Measured, growth: Growth | None, notes: Sequence[str], missing: str
) -> Report:
    """`missing` says why there is no gateway, where there is none."""
    others = {result.target.name: result for result in measured.others}
    loaded = [*measured.ours, *measured.others]
    found = problems([*loaded, *(growth.results if growth else [])], measured.direct)
    absent = [f"{peer} is not installed (make bench-peers)." for peer in TIMES_PEER if peer not in others]
    return Report(
        machine=machine,
        plan=plan,
        rows=[figures(result, measured.direct) for result in (*measured.ours, *measured.others, measured.direct)],
        ratios={name: _ratios(measured.ours[0], other) for name, other in others.items()} if measured.ours else {},
        spreads=_spreads(measured.ours),
        bars=_bars(measured, others, growth, missing),
        notes=[*notes, foreign_load(loaded), *absent],
        problems=found,
    )


def _ratios(ours: Result, other: Result) -> dict[str, float]:
    return {name: ratio(ours, other, figure) for name, figure in RATIOS.items()}


def _spreads(ours: Sequence[Result]) -> dict[str, float]:
    if len(ours) < 2:
        return {}
    return {name: spread(ours[0], ours[1], figure) for name, figure in RATIOS.items()}


def _bars(measured: Measured, others: Mapping[str, Result], growth: Growth | None, missing: str) -> list[Bar]:
    if not measured.ours:
        return bars.not_measured(missing)
    ours = measured.ours[0]
    found = [*bars.of_gateway(figures(ours, measured.direct)), *bars.of_peers(ours, others)]
    if growth:
        found.extend(bars.of_growth(growth.base, growth.again, growth.grown))
    return found
