"""Trying candidates until one answers: at most so many attempts, each noted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from time import perf_counter

from gateway.providers.base import FailureClass, UpstreamAnswer, UpstreamFailure
from gateway.routing.candidates import Candidate
from kit import errors

MAX_ATTEMPTS = 2

Open = Callable[[Candidate], Awaitable[UpstreamAnswer]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `failure` is none for the one that answered."""

    candidate: Candidate
    duration_ms: float
    failure: UpstreamFailure | None = None

    @property
    def possibly_billed(self) -> bool:
        """Whether the provider may charge for it although no answer came. A 5xx status is not charged for."""
        failed = self.failure
        return failed is not None and failed.possibly_billed and (failed.status is None or failed.status < 500)


async def open_first(candidates: Sequence[Candidate], open_candidate: Open, attempts: list[Attempt]) -> UpstreamAnswer:
    """The answer of the first candidate that accepts the call; every try is appended to `attempts`.

    Raises an `errors.ChanceryError` of the last failure, listing each attempt's deployment and code.
    """
    for candidate in _order(candidates, attempts):
        started = perf_counter()
        try:
            answer = await open_candidate(candidate)
        except UpstreamFailure as failure:
            attempts.append(Attempt(candidate, (perf_counter() - started) * 1000, failure))
        else:
            attempts.append(Attempt(candidate, (perf_counter() - started) * 1000))
            return answer
    raise failed(attempts)


def failed(attempts: Sequence[Attempt]) -> errors.ChanceryError:
    """What the caller is told when no attempt succeeded."""
    failure = _last_failure(attempts)
    if failure is None:
        return errors.Unavailable("No deployment of the model can be tried now.", code="no_healthy_deployment")
    details = {
        "attempts": [
            {"deployment": str(attempt.candidate.deployment.id), "code": attempt.failure.failure_class.value}
            for attempt in attempts
            if attempt.failure
        ]
    }
    return _translate(failure, details)


def _order(candidates: Sequence[Candidate], attempts: Sequence[Attempt]) -> Iterator[Candidate]:
    """Each candidate once, then the last one again at once while its failure says that this may help."""
    for candidate in candidates[:MAX_ATTEMPTS]:
        yield candidate
        if not _elsewhere(attempts):
            break
    while len(attempts) < MAX_ATTEMPTS and (failure := _last_failure(attempts)) and failure.failure_class.again:
        yield attempts[-1].candidate


def _elsewhere(attempts: Sequence[Attempt]) -> bool:
    failure = _last_failure(attempts)
    return failure is not None and failure.failure_class.elsewhere


def _last_failure(attempts: Sequence[Attempt]) -> UpstreamFailure | None:
    return attempts[-1].failure if attempts else None


def _translate(failure: UpstreamFailure, details: Mapping[str, object]) -> errors.ChanceryError:
    said = failure.error.message if failure.error else failure.message
    match failure.failure_class:
        case FailureClass.BAD_REQUEST:
            param = failure.error.param if failure.error else None
            return errors.InvalidRequest(said, code="upstream_rejected", param=param, details=details)
        case FailureClass.CONTEXT_LENGTH:
            return errors.InvalidRequest(said, code="context_length_exceeded", param="messages", details=details)
        case FailureClass.CONTENT_POLICY:
            return errors.InvalidRequest(said, code="content_policy_violation", details=details)
        case FailureClass.AUTH_FAILED:
            return errors.UpstreamFailed("The provider does not accept our account.", details=details)
        case FailureClass.TIMEOUT | FailureClass.TIMEOUT_BEFORE_SEND:
            return errors.UpstreamTimeout("The upstream did not answer in time.", details=details)
        case FailureClass.RATE_LIMITED | FailureClass.OVERLOADED:
            seconds = max(1, ceil(failure.retry_after_seconds or 1))
            return errors.Unavailable(
                "Every deployment of the model is busy.",
                code="no_healthy_deployment",
                headers={"retry-after": str(seconds)},
                details=details,
            )
        case _:
            return errors.UpstreamFailed(failure.message, details=details)
