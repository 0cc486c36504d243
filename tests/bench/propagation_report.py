"""What a run of `tests.bench.propagation` showed, as people read it and as programs do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.bench.bars import Bar
from tests.bench.machine import Machine
from tests.bench.report import table
from tests.bench.window import Window, percentile

P99_MS = 1000.0
CUT_MS = 5000.0


@dataclass(frozen=True, slots=True)
class Worker:
    """What starting one cost: from its start until it is ready, and its memory then and at the end."""

    keys: int
    ready_seconds: float
    resident_mb: float
    resident_mb_at_end: float


@dataclass(frozen=True, slots=True)
class Run:
    """`refused_ms` by kind of act, for each act those of all workers, and `cut_ms` of the streams that each of so many
    suspensions cut; `load` is what was served beside."""

    machine: Machine
    refused_ms: Mapping[str, Sequence[Sequence[float]]]
    cut_ms: Sequence[Sequence[float]]
    acknowledged_ms: Sequence[int]
    workers: Sequence[Worker]
    load: Sequence[Window]

    @property
    def bar(self) -> Bar:
        p99 = percentile(sorted(max(act) for act in self._acts()), 0.99)
        name = f"until the last of {len(self.workers) - 1} workers refuses, p99 < {P99_MS:,.0f} ms"
        return Bar(name, f"{p99:,.0f} ms", p99 < P99_MS)

    @property
    def cut_bar(self) -> Bar:
        longest = max((one for act in self.cut_ms for one in act), default=0.0)
        return Bar(f"until a stream is cut, all < {CUT_MS:,.0f} ms", f"{longest:,.0f} ms", longest < CUT_MS)

    @property
    def problems(self) -> list[str]:
        failures = sum(window.failures for window in self.load)
        return [f"{failures} calls of the load failed"] if failures else []

    def _acts(self) -> Iterator[Sequence[float]]:
        for acts in self.refused_ms.values():
            yield from acts


def markdown(run: Run) -> str:
    rows = []
    for kind, acts in run.refused_ms.items():
        rows.append(_row(f"{len(acts)} {kind}, each worker", [one for act in acts for one in act]))
        rows.append(_row(f"{len(acts)} {kind}, the last worker", [max(act) for act in acts]))
    rows.append(_row(f"{len(run.cut_ms)} cuts, each worker's stream", [one for act in run.cut_ms for one in act]))
    rows.append(_row("as the workers acknowledged it", run.acknowledged_ms))
    few, *many = run.workers
    parts = [
        f"Measured on {run.machine}.",
        table(["from the commit until", "p50", "p95", "p99", "max"], rows),
        table(
            ["worker", "ready after", "memory", "memory at the end"],
            [_started([few]), _started(many)],
        ),
        f"Meanwhile {len(many)} workers answered {_per_second(run):,.0f} requests/s.",
        table(["bar", "this run", "verdict"], [[bar.name, bar.figure, bar.verdict] for bar in (run.bar, run.cut_bar)]),
        *(f"INVALID: {problem}." for problem in run.problems),
    ]
    return "\n\n".join(parts) + "\n"


def _row(name: str, milliseconds: Sequence[float]) -> list[str]:
    ordered = sorted(milliseconds)
    figures = [*(percentile(ordered, share) for share in (0.5, 0.95, 0.99)), ordered[-1] if ordered else 0.0]
    return [name, *(f"{figure:,.0f} ms" for figure in figures)]


def _started(workers: Sequence[Worker]) -> list[str]:
    return [
        f"{workers[0].keys:,} API keys",
        f"{median(worker.ready_seconds for worker in workers):.1f} s",
        f"{median(worker.resident_mb for worker in workers):.0f} MB",
        f"{median(worker.resident_mb_at_end for worker in workers):.0f} MB",
    ]


def _per_second(run: Run) -> float:
    return (len(run.workers) - 1) * sum(window.requests for window in run.load) / sum(w.seconds for w in run.load)


def write_json(run: Run, directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC)
    path = directory / f"{at:%Y-%m-%dT%H%M%SZ}-propagation.json"
    path.write_text(
        json.dumps(
            {"at": at.isoformat(), **asdict(run), "bar": asdict(run.bar), "cut_bar": asdict(run.cut_bar)},
            indent=2,
            default=dict,
        )
    )
    return path
