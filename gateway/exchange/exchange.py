"""One request on its way through the stages: what is known of it so far."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from audit.choices import Outcome
from audit.pricing.quantities import Quantities
from audit.vault.keys import OpenKey
from gateway.admission.holds import Held, Hold
from gateway.caller import Caller, Headers
from gateway.exchange.said import Said
from gateway.guards.engine import Inspection
from gateway.routing.attempts import Attempt
from gateway.routing.candidates import Candidate
from gateway.routing.conditions import Call
from gateway.wire.chat import ChatRequest
from governance.snapshot.section import ApprovalEntry, BreakGlassEntry, UseCaseEntry, WaiverEntry
from kit.data_class import DataClass
from kit.errors import ChanceryError

if TYPE_CHECKING:
    from gateway.providers.base import UpstreamAnswer
    from gateway.services import Services
    from gateway.telemetry.spans import Trace


@dataclass(slots=True)
class Usage(Quantities):
    """What the provider counted; `estimated` where it did not and we did."""

    estimated: bool = False


@dataclass(slots=True)
class Timings:
    """Milliseconds per stage, for `Server-Timing` and the record; `first_event_ms` is 0 while there is none."""

    started: float = field(default_factory=perf_counter)
    last: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)
    first_event_ms: float = 0.0

    def mark(self, name: str) -> None:
        """Everything since the mark before belongs to `name`."""
        now = perf_counter()
        self.spent[name] = self.spent.get(name, 0.0) + (now - (self.last or self.started)) * 1000
        self.last = now

    def elapsed_ms(self) -> float:
        return (perf_counter() - self.started) * 1000


@dataclass(slots=True, eq=False)
class Exchange:
    """Filled in by one stage after another; each stage may rely on what those before it have set."""

    services: Services
    request_id: UUID
    headers: Headers
    caller: Caller
    chat: ChatRequest
    raw_body: bytes
    pipeline: str = "direct"
    timings: Timings = field(default_factory=Timings)
    trace: Trace | None = None
    # who works on it, whether it is coming to its end, and what it was cut off for
    task: asyncio.Task[Any] | None = None
    is_ending: bool = False
    cut_for: ChanceryError | None = None
    # resolve
    declared_class: DataClass = DataClass.INTERNAL
    end_user: str | None = None
    use_case: UseCaseEntry | None = None
    tags: tuple[str, ...] = ()
    # authorize
    call: Call = field(init=False)
    candidates: tuple[Candidate, ...] = ()
    approval: ApprovalEntry | BreakGlassEntry | None = None
    waiver: WaiverEntry | None = None
    snapshot_version: int = 0
    # inspect
    inspection: Inspection | None = None
    output_inspection: Inspection | None = None
    data_class: DataClass = DataClass.INTERNAL
    # admit
    input_bound: int = 0
    text_only: bool = True
    output_bound: int = 0
    held_nano_usd: int = 0
    admitted_at: datetime = field(init=False)
    hold: Hold | None = None
    held: Held | None = None
    downgraded_by: UUID | None = None  # the budget
    refused_by: UUID | None = None  # likewise
    # record
    is_recorded: bool = False
    subject_id: UUID | None = None
    body_key: OpenKey = field(init=False)
    # dispatch
    attempts: list[Attempt] = field(default_factory=list)
    trying: Candidate | None = None
    answered_by: Candidate | None = None
    answer: UpstreamAnswer | None = None
    usage: Usage | None = None
    answer_parts: list[bytes] = field(default_factory=list)
    events: int = 0
    said: Said = field(default_factory=Said)
    cost_nano_usd: int = 0
    outcome: Outcome = "completed"
    failure_code: str | None = None
    record_id: UUID | None = None
    # what each entered stage does on the way out, in the order of entering
    leaving: list[Callable[[Exchange], Awaitable[None]]] = field(default_factory=list)

    def goes_by(self, candidate: Candidate) -> None:
        """What permits the call is what permits this candidate."""
        self.approval, self.waiver = candidate.approval, candidate.waiver

    def cut(self, reason: ChanceryError) -> bool:
        """Ends a call from outside: it fails for this reason, which is recorded and which its caller hears.

        False for one that has come to its end or is cut already.
        """
        if self.is_ending or self.cut_for is not None or self.task is None:
            return False
        self.cut_for = reason
        self.task.cancel()
        return True

    def header(self, name: bytes) -> str | None:
        """A request header, stripped; none if absent or empty. UTF-8, as SDKs send what is not ASCII, else Latin-1."""
        value = self.headers.get(name)
        if not value:
            return None
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        return text.strip() or None
