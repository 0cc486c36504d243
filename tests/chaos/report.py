"""What a run comes to: a table for whoever started it, JSON for whoever compares runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.chaos.checker import Verdict
from tests.chaos.history import History
from tests.chaos.nemesis import Done

_SHOWN = 5


@dataclass(slots=True)
class Report:
    seed: int
    seconds: float
    done: Done
    history: History
    admitting_seconds: float | None
    closed_seconds: float | None
    verdicts: list[Verdict]

    @property
    def passed(self) -> bool:
        in_time = self.admitting_seconds is not None and self.closed_seconds is not None
        return in_time and not any(verdict.broken for verdict in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        results = self.history.results()
        return {
            "seed": self.seed,
            "passed": self.passed,
            "seconds": round(self.seconds, 1),
            "faults": dict(sorted(self.done.done.items())),
            "impossible": dict(sorted(self.done.impossible.items())),
            "calls": {"all": len(self.history.calls), **dict(sorted(results.items()))},
            "refusals": dict(self.history.codes().most_common()),
            "recovery": {"admitting_seconds": self.admitting_seconds, "nothing_open_seconds": self.closed_seconds},
            "laws": [asdict(verdict) for verdict in self.verdicts],
        }

    def text(self) -> str:
        said = self.as_json()
        calls = said["calls"]
        lanes: dict[str, int] = {}
        for name, count in self.done.done.items():
            lane = name.partition(":")[0].rpartition("-")[0] or name.partition(":")[0]
            lanes[lane] = lanes.get(lane, 0) + count
        return "\n".join(
            [
                f"Seed {self.seed}, {self.done.done.total()} faults in {self.seconds:.0f} s "
                f"({self.done.impossible.total()} more had nothing to break)",
                "",
                *table(("faults", "count"), sorted((lane, str(count)) for lane, count in lanes.items())),
                "",
                *table(
                    ("calls", "count"),
                    [(name, str(calls.get(name, 0))) for name in ("all", "ok", "error", "unknown")],
                ),
                "",
                *table(("refusals", "count"), [(str(code), str(n)) for code, n in said["refusals"].items()]),
                "",
                *table(
                    ("after the last fault", "seconds"),
                    [
                        ("every gateway admits everybody's calls", _seconds(self.admitting_seconds)),
                        ("no call is open", _seconds(self.closed_seconds)),
                    ],
                ),
                "",
                *table(("must be none", "found"), [(one.law, str(len(one.broken))) for one in self.verdicts]),
                *(f"  {one.law}: {each}" for one in self.verdicts for each in one.broken[:_SHOWN]),
                "",
                "Every law held." if self.passed else "FAILED.",
                "",
            ]
        )

    def save(self, folder: Path) -> Path:
        """Beside it the history, and the faults in it, for a run that failed as for one that did not."""
        folder.mkdir(parents=True, exist_ok=True)
        self.history.write(folder / f"seed-{self.seed}.history.jsonl")
        path = folder / f"seed-{self.seed}.json"
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n")
        return path


def _seconds(value: float | None) -> str:
    return "not in time" if value is None else f"{value:.1f}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [columns, *rows]
    width = max(len(line[0]) for line in lines)
    return [f"  {line[0]:{width}}  {line[1]:>12}" for line in lines]
