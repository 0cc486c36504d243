"""What every provider speaks: one call in, one answer out, and failures that say what to do next.

A provider is opened with an `UpstreamCall` and gives an `UpstreamAnswer` once the upstream has accepted the
call (status 2xx, headers received). Whatever goes wrong, before or after, is an `UpstreamFailure`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `connect` covers name look-up, TCP and TLS; `first_byte` runs from the sent request to the first
    byte of the answer; `idle` is the longest silence after that; `total` bounds everything."""

    connect: float = 5.0
    first_byte: float = 300.0
    idle: float = 60.0
    total: float = 600.0


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """One request to one deployment.

    `base_url` comes from the register, never from a request, and ends where OpenAI's paths begin
    (`https://api.openai.com/v1`, `unix:/run/upstream.sock:/v1`). `body` is the complete JSON body; it already names
    the upstream's own model and says whether it streams, `model` and `stream` repeat that for those who route by it.
    `headers` are sent besides the provider's own and never come from the client unchecked.
    """

    base_url: str
    model: str
    body: bytes = field(repr=False)
    credential: str = field(default="", repr=False)
    stream: bool = False
    timeouts: Timeouts = Timeouts()
    headers: tuple[tuple[str, str], ...] = ()
    path: str = "/chat/completions"


class FailureClass(StrEnum):
    """What went wrong, and what follows from it.

    `elsewhere`: another deployment may well succeed. `again`: the same one may, tried once more at once; where it takes
    a pause, the pause is the caller's to make. `billed`: the upstream may have worked, and charged, for an answer that
    was not received. A stream that has already reached the client is never retried, whatever its class says.
    """

    CONNECT_FAILED = ("connect_failed", True, True, False)
    MISCONFIGURED = ("misconfigured", True, False, False)  # the register's address or credential cannot be used
    EGRESS_REFUSED = ("egress_refused", True, False, False)  # the operator's allow-list does not include the address
    TIMEOUT_BEFORE_SEND = ("timeout_before_send", True, True, False)
    TIMEOUT = ("timeout", True, False, True)
    RATE_LIMITED = ("rate_limited", True, False, False)
    OVERLOADED = ("overloaded", True, False, False)
    AUTH_FAILED = ("auth_failed", True, False, False)  # our key, its permissions or the provider account's credit
    NOT_FOUND = ("not_found", True, False, False)  # the deployment does not know the model or the path
    BAD_REQUEST = ("bad_request", False, False, False)
    CONTEXT_LENGTH = ("context_length", True, False, False)  # elsewhere only where the window is larger
    # Content one provider refused is not sent to the next one unless the route says so itself.
    CONTENT_POLICY = ("content_policy", False, False, False)
    SERVER_ERROR = ("server_error", True, True, True)
    INVALID_ANSWER = ("invalid_answer", True, False, True)
    CUT = ("cut", True, False, True)

    elsewhere: bool
    again: bool
    billed: bool

    def __new__(cls, code: str, elsewhere: bool, again: bool, billed: bool) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.elsewhere, member.again, member.billed = elsewhere, again, billed
        return member


@dataclass(frozen=True, slots=True)
class UpstreamError:
    """The upstream's own words. `message` may quote the request: for the caller alone, never for a log or a record."""

    message: str = field(repr=False)
    type: str | None = None
    param: str | None = None
    code: str | None = None


class UpstreamFailure(Exception):
    """A call that did not end well. `message` is ours and holds no content, no key and no address of a customer.

    `status` is the upstream's HTTP status, if there was an answer; `sent` says whether any of the request may have
    reached the upstream; `retry_after_seconds` is what the upstream asked for.
    """

    def __init__(
        self,
        failure_class: FailureClass,
        message: str,
        *,
        status: int | None = None,
        sent: bool = True,
        retry_after_seconds: float | None = None,
        error: UpstreamError | None = None,
    ) -> None:
        super().__init__(message)
        self.failure_class = failure_class
        self.message = message
        self.status = status
        self.sent = sent
        self.retry_after_seconds = retry_after_seconds
        self.error = error

    @property
    def retryable(self) -> bool:
        """Whether any further attempt, here or elsewhere, makes sense."""
        return self.failure_class.elsewhere or self.failure_class.again

    @property
    def possibly_billed(self) -> bool:
        return self.sent and self.failure_class.billed


class UpstreamAnswer(Protocol):
    """An accepted call. Exactly one of `read` and `events` is used, and `close` always, from the same task."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case; of a repeated header the last value."""

    async def read(self) -> bytes:
        """The whole body, framing verified. Its JSON is checked by `failures.parse_answer`."""

    def events(self) -> AsyncIterator[list[bytes]]:
        """The payloads of the events that arrived together, as they arrive; ends only after the upstream's `[DONE]`.

        Anything else is an `UpstreamFailure`: `cut` for an end without it, the upstream's own error events by class.
        """

    async def close(self) -> None:
        """Ends the call. An answer not yet complete is aborted at once, which stops the generation."""


class Provider(Protocol):
    async def open(self, call: UpstreamCall) -> UpstreamAnswer:
        """Sends the call and waits for a 2xx answer to begin. Raises `UpstreamFailure`."""

    async def close(self) -> None:
        """Aborts what is in flight and gives the connections back."""
