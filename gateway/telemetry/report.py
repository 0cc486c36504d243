"""What there is to say of one request of the inference path when it has ended."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gateway.caller import Caller
from gateway.exchange.exchange import Exchange
from gateway.providers.base import FailureClass
from kit.errors import CODES, Cancelled
from kit.ids import new_id

if TYPE_CHECKING:
    from gateway.telemetry.spans import Trace

SCOPE_KEY = "chancery.report"
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TIMEOUTS = frozenset({FailureClass.TIMEOUT.value, FailureClass.TIMEOUT_BEFORE_SEND.value})


@dataclass(slots=True, eq=False)
class Report:
    """Begun with a request's first byte, filled in on its way, finished once (`gateway.telemetry.finish`).

    `surface` is one of the API's own names, never text from the request. `answered` is the HTTP status the answer
    began with, 0 while there is none; `code` is that of the error the caller was told.
    """

    surface: str
    pairs: list[tuple[bytes, bytes]] = field(repr=False)  # the headers as they came
    request_id: UUID = field(default_factory=new_id)
    began: float = field(default_factory=perf_counter)
    received: float = 0.0  # when the body was complete
    caller: Caller | None = None
    exchange: Exchange | None = None
    answered: int = 0
    code: str | None = None
    is_flood: bool = False
    trace: Trace | None = None
    known_trace_id: str | None = None

    # known once it has ended
    ended: float = 0.0
    outcome: str = ""
    failure: str | None = None
    status: int = 0

    def end(self) -> None:
        """Sets what only its end shows.

        `outcome` is `completed`, `refused`, `failed` or `cancelled`, of a recorded call what the ledger says. `failure`
        says why: what the caller was told, or of an answer broken off the class of failure. `status` is as it was
        sent; where the caller left 499, where a stream broke off what it would have been.
        """
        self.ended = perf_counter()
        exchange = self.exchange
        self.outcome = exchange.outcome if exchange is not None else self._outcome_alone()
        if self.code is None and exchange is not None:
            self.failure = exchange.failure_code
        else:
            self.failure = self.code if self.answered else Cancelled.code
        if not self.answered or self.outcome == "cancelled":
            self.status = Cancelled.status
        elif self.answered < 400 and self.failure is not None:
            self.status = _status_of(self.failure)
        else:
            self.status = self.answered

    def _outcome_alone(self) -> str:
        """Of a request that was not understood, or calls no model."""
        if not self.answered:
            return "cancelled"
        if self.answered < 400:
            return "completed"
        return "failed" if self.answered == 500 else "refused"

    @property
    def trace_id(self) -> str | None:
        """Of our own trace, else of the one the caller continues (W3C Trace Context)."""
        if self.known_trace_id is not None:
            return self.known_trace_id
        for name, value in self.pairs:
            if name == b"traceparent":
                found = _TRACEPARENT.fullmatch(value)
                return found[1].decode() if found else None
        return None


def _status_of(failure: str) -> int:
    if failure in CODES:
        return CODES[failure].status
    return 504 if failure in _TIMEOUTS else 502


def of(scope: Any) -> Report:
    """The report of a request by its ASGI scope."""
    report: Report = scope[SCOPE_KEY]
    return report
