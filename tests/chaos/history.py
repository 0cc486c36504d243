"""What callers asked and what they were told, in the order in which they were told it."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

# `ok`: the whole answer came, as an answer. `error`: refused or failed, and said so. `unknown`: nobody said how it
# ended, because the connection broke, nothing came for too long, or the caller left.
Result = Literal["ok", "error", "unknown"]


@dataclass(slots=True)
class Call:
    """One call, as its caller saw it. `forbidden`: it began when everybody had been told that it may not pass."""

    number: int
    organization: str
    gateway: int
    kind: str
    script: str
    invoked_at: float
    ended_at: float = 0.0
    result: Result = "unknown"
    request_id: str = ""
    status: int = 0
    code: str = ""
    cost_usd: str = ""
    forbidden: bool = False
    wrong: str = ""  # what is wrong with the answer, where something is


@dataclass(slots=True)
class Event:
    """Something that was done to the installation."""

    at: float
    what: str
    details: dict[str, str] = field(default_factory=dict)


class History:
    """Times are seconds since its beginning, on a clock that never jumps. `limits` are those of budgets, and when each
    was set."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.calls: list[Call] = []
        self.limits: dict[str, list[tuple[datetime, int]]] = {}
        self.events: list[Event] = []

    def now(self) -> float:
        return round(time.monotonic() - self._began, 4)

    def invoke(self, organization: str, gateway: int, kind: str, script: str) -> Call:
        call = Call(len(self.calls), organization, gateway, kind, script, self.now())
        self.calls.append(call)
        return call

    def note(self, what: str, **details: object) -> None:
        self.events.append(Event(self.now(), what, {name: str(value) for name, value in details.items()}))

    def note_limit(self, budget: str, nano_usd: int) -> None:
        """That the budget may be as large from now on: noted before it is tried."""
        self.limits.setdefault(budget, []).append((datetime.now(UTC), nano_usd))

    def results(self) -> Counter[str]:
        return Counter(call.result for call in self.calls)

    def codes(self) -> Counter[str]:
        return Counter(call.code for call in self.calls if call.result == "error")

    def write(self, path: Path) -> None:
        """A line of JSON for each call and each event, in order of time."""
        calls = [(call.invoked_at, {"call": asdict(call)}) for call in self.calls]
        events = [(event.at, {"event": asdict(event)}) for event in self.events]
        with path.open("w") as file:
            for _, line in sorted(calls + events, key=lambda item: item[0]):
                file.write(json.dumps(line) + "\n")
