"""The run as people read it (markdown) and as programs do (JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.bars import Bar
from tests.bench.figures import Figures
from tests.bench.machine import Machine
from tests.bench.rounds import Plan, Result


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one run showed. `spreads` are of A against A, as shares; `notes` say what was set up how and what is
    missing; with any `problems` the figures may not be used."""

    machine: Machine
    plan: Plan
    rows: Sequence[Figures]
    ratios: Mapping[str, Mapping[str, float]]
    spreads: Mapping[str, float]
    bars: Sequence[Bar]
    notes: Sequence[str]
    problems: Sequence[str]

    @property
    def valid(self) -> bool:
        return not self.problems


def markdown(report: Report) -> str:
    parts = [f"Measured on {report.machine}.", *report.notes, _main_table(report.rows), _detail_table(report.rows)]
    if report.ratios:
        parts.append(_ratio_table(report.ratios))
    if report.spreads:
        spreads = ", ".join(f"{name} {100 * share:.1f} %" for name, share in report.spreads.items())
        parts.append(f"Spread of A against A: {spreads}.")
    parts.append(table(["bar", "this run", "verdict"], ([bar.name, bar.figure, bar.verdict] for bar in report.bars)))
    parts.extend(f"INVALID: {problem}." for problem in report.problems)
    return "\n\n".join(parts) + "\n"


def write_json(report: Report, results: Mapping[str, Sequence[Result]], directory: Path) -> Path:
    """Writes figures and every sample they came from to `directory`, under the time of the run."""
    directory.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC)
    content = {
        "at": at.isoformat(),
        **asdict(report),
        "samples": {
            part: {result.target.name: [asdict(sample) for sample in result.samples] for result in measured}
            for part, measured in results.items()
        },
    }
    path = directory / f"{at:%Y-%m-%dT%H%M%SZ}.json"
    path.write_text(json.dumps(content, indent=2, default=dict))
    return path


def _main_table(rows: Sequence[Figures]) -> str:
    header = [
        "",
        "CPU/request",
        "requests/s",
        "64 conn.",
        "p50",
        "p99",
        "added p50, 1 conn.",
        "CPU/event",
        "memory",
        "does",
    ]
    return table(
        header,
        (
            [
                row.name,
                f"{row.cpu_ms:.3f} ms",
                f"{row.requests_per_second:,.0f}",
                f"{row.wide_requests_per_second:,.0f}",
                f"{row.p50_ms:.2f} ms",
                f"{row.p99_ms:.2f} ms",
                f"{row.added_p50_ms:.2f} ms",
                _or_dash(row.cpu_us_per_event, "{:.1f} µs"),
                f"{row.memory_mb:.0f} MB",
                row.does,
            ]
            for row in rows
        ),
    )


def _detail_table(rows: Sequence[Figures]) -> str:
    header = ["", "p95", "p50, 1 conn.", "p99, 1 conn.", "events/s", "gap p99", "growth", "requests", "beside it"]
    return table(
        header,
        (
            [
                row.name,
                f"{row.p95_ms:.2f} ms",
                f"{row.single_p50_ms:.2f} ms",
                f"{row.single_p99_ms:.2f} ms",
                _or_dash(row.events_per_second, "{:,.0f}"),
                _or_dash(row.gap_p99_ms, "{:.1f} ms"),
                f"{row.memory_growth_mb:+.1f} MB",
                f"{row.requests:,}",
                ", ".join(f"{name} {cpu:.3f} ms" for name, cpu in row.beside.items()) or "–",
            ]
            for row in rows
        ),
    )


def _ratio_table(ratios: Mapping[str, Mapping[str, float]]) -> str:
    names = list(next(iter(ratios.values())))
    rows = ([peer, *(f"{figures[name]:.2f} ×" for name in names)] for peer, figures in ratios.items())
    return table(["our gateway beside", *names], rows)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _or_dash(figure: float | None, shown: str) -> str:
    return "–" if figure is None else shown.format(figure)
