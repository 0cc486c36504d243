"""Half load for a long time: whether memory, descriptors or connections grow.

    python -m tests.bench.soak [--minutes N]

Half of what a worker serves at most is kept up; meanwhile its resident memory, descriptors and database connections
are noted. The slope is that of the least squares line through what was noted after the first third.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import linear_regression

from tests.bench import load, stage
from tests.bench.bars import Bar
from tests.bench.load import Stretch
from tests.bench.output import say
from tests.bench.peers import DEFAULT_DIRECTORY
from tests.bench.processes import PROC, cost, tree
from tests.bench.report import table
from tests.bench.target import Running

SLOPE_PERCENT_PER_HOUR = 1.0
_NOTE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Note:
    minutes: float
    resident_mb: float
    descriptors: int


@dataclass(frozen=True, slots=True)
class Soak:
    """`per_second` was asked for; `failures` are answers that were no success."""

    minutes: float
    per_second: float
    requests: int
    failures: int
    p99_ms: float
    notes: Sequence[Note]

    @property
    def settled(self) -> Sequence[Note]:
        return self.notes[len(self.notes) // 3 :]

    @property
    def percent_per_hour(self) -> float:
        slope, start = linear_regression(
            [note.minutes for note in self.settled], [note.resident_mb for note in self.settled]
        )
        return 100 * 60 * slope / start

    @property
    def more_descriptors(self) -> int:
        return self.settled[-1].descriptors - self.settled[0].descriptors

    @property
    def bars(self) -> list[Bar]:
        slope, more = self.percent_per_hour, self.more_descriptors
        return [
            Bar(
                f"memory after warm-up ≤ {SLOPE_PERCENT_PER_HOUR:g} %/h",
                f"{slope:+.2f} %/h",
                slope <= SLOPE_PERCENT_PER_HOUR,
            ),
            Bar("descriptors do not grow", f"{more:+d}", more <= 0),
            Bar("no call failed", f"{self.failures} of {self.requests:,}", self.failures == 0),
        ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where results are")
    options = parser.parse_args()
    with stage.set_up(options.directory) as ready, ready.installation.running("soak") as gateway:
        found = soak(gateway, options.minutes)
    lines = table(["bar", "this run", "verdict"], ([bar.name, bar.figure, bar.verdict] for bar in found.bars))
    sys.stdout.write(
        f"Measured on {ready.machine}.\n\n{found.per_second:,.0f} requests/s for {found.minutes:g} minutes, "
    )
    sys.stdout.write(f"p99 {found.p99_ms:.1f} ms.\n\n{lines}\n")
    path = options.directory / "results" / f"soak-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": asdict(ready.machine), **asdict(found)}, indent=2))
    return 0 if all(bar.passed for bar in found.bars) else 1


def soak(gateway: Running, minutes: float) -> Soak:
    most = load.plain(gateway.plain, Stretch(16, 5, 3), {}).requests_per_second
    say(f"{most:,.0f} requests/s at most; half of it from now on")
    stretch = Stretch(16, 60 * minutes, 0)
    notes: list[Note] = []
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(load.paced, gateway.plain, stretch, {}, most / 2)
        while not running.done():
            notes.append(_note(gateway.pid, started))
            time.sleep(_NOTE_SECONDS)
    seen = running.result()
    return Soak(minutes, most / 2, seen.requests, seen.failures, seen.p99_ms, notes)


def _note(pid: int, started: float) -> Note:
    """Sockets are descriptors: what is connected is in their number."""
    descriptors = sum(len(list((PROC / str(member) / "fd").iterdir())) for member in tree(pid))
    return Note((time.monotonic() - started) / 60, cost(pid).resident_bytes / 1e6, descriptors)


if __name__ == "__main__":
    sys.exit(main())
