"""A survey as people read it (markdown, a drawing) and as programs do (JSON)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.machine import Machine
from tests.bench.report import table
from tests.bench.survey.ladder import Bounded, Rung
from tests.bench.survey.streams import Carried
from tests.bench.survey.workers import Team


@dataclass(slots=True)
class Survey:
    machine: Machine
    rungs: Sequence[Rung] = ()
    bounded: Sequence[Bounded] = ()
    carried: Sequence[Carried] = ()
    teams: Sequence[Team] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """Answers that were not what the call was for."""
        parts: Sequence[Rung | Carried | Team] = (*self.rungs, *self.carried, *self.teams)
        return sum(part.failures for part in parts)


def markdown(survey: Survey) -> str:
    parts = [f"Measured on {survey.machine}.", *survey.notes]
    if survey.rungs:
        parts.append(_ladder(survey.rungs))
    if survey.bounded:
        parts.append(_bounds(survey.bounded))
    if survey.carried:
        parts.append(_streams(survey.carried))
    if survey.teams:
        parts.append(_teams(survey.teams))
    if survey.failures:
        parts.append(f"INVALID: {survey.failures} calls did not go as they should.")
    return "\n\n".join(parts) + "\n"


def write_json(survey: Survey, directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC)
    path = directory / f"survey-{at:%Y-%m-%dT%H%M%SZ}.json"
    path.write_text(json.dumps({"at": at.isoformat(), **asdict(survey)}, indent=2))
    return path


def _ladder(rungs: Sequence[Rung]) -> str:
    header = ["path", "connections", "CPU/request", "requests/s", "p50", "p95", "p99", "added p50"]
    rows = (
        [
            rung.path,
            str(rung.connections),
            f"{rung.cpu_ms:.3f} ms",
            f"{rung.requests_per_second:,.0f}",
            *(f"{figure:.2f} ms" for figure in (rung.p50_ms, rung.p95_ms, rung.p99_ms)),
            "–" if rung.added_p50_ms is None else f"{rung.added_p50_ms:.2f} ms",
        ]
        for rung in rungs
    )
    return table(header, rows)


def _bounds(bounded: Sequence[Bounded]) -> str:
    rows = (
        [f"{one.p99_ms:g} ms"]
        + (["–", "–"] if one.requests_per_second is None else [f"{one.requests_per_second:,.0f}", str(one.connections)])
        for one in bounded
    )
    return table(["p99 within", "requests/s", "connections"], rows)


def _streams(carried: Sequence[Carried]) -> str:
    header = ["streams", "CPU/event", "events/s", "kept", "first event, added p50", "its p99", "gap p50", "gap p99"]
    rows = (
        [
            one.pace,
            f"{one.cpu_us_per_event:.1f} µs",
            f"{one.events_per_second:,.0f}",
            "–" if one.kept is None else f"{100 * one.kept:.0f} %",
            f"{one.added_first_event_p50_ms:.2f} ms",
            f"{one.first_event_p99_ms:.1f} ms",
            f"{one.gap_p50_ms:.1f} ms",
            f"{one.gap_p99_ms:.1f} ms",
        ]
        for one in carried
    )
    return table(header, rows)


def _teams(teams: Sequence[Team]) -> str:
    header = ["workers", "CPU/request", "requests/s, 64 conn.", "p99", "memory"]
    rows = (
        [
            str(team.workers),
            f"{team.cpu_ms:.3f} ms",
            f"{team.requests_per_second:,.0f}",
            f"{team.p99_ms:.2f} ms",
            f"{team.memory_mb:.0f} MB",
        ]
        for team in teams
    )
    return table(header, rows)
