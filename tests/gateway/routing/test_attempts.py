"""A call is tried here and there as its failures allow, seldom, and every try is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.providers.base import FailureClass, UpstreamError, UpstreamFailure
from gateway.routing.attempts import MAX_ATTEMPTS, Attempt, failed, open_first
from gateway.routing.candidates import Candidate
from kit import errors
from tests.gateway.routing.catalogue import a_candidate

CLASSES = st.sampled_from(FailureClass)
OUTCOMES = st.lists(st.none() | CLASSES, min_size=MAX_ATTEMPTS, max_size=MAX_ATTEMPTS)
_ANSWER: Any = object()
_CLIENTS = (FailureClass.BAD_REQUEST, FailureClass.CONTENT_POLICY)
_AT_ONCE = {FailureClass.CONNECT_FAILED, FailureClass.TIMEOUT_BEFORE_SEND, FailureClass.SERVER_ERROR}


def try_all(
    candidates: Sequence[Candidate], outcomes: Sequence[FailureClass | None]
) -> tuple[list[Attempt], errors.ChanceryError | None]:
    """Opens candidates of which each try ends as `outcomes` says; gives the attempts and what was raised."""
    left = iter(outcomes)

    async def open_candidate(_: Candidate) -> Any:
        failure = next(left)
        if failure is not None:
            raise UpstreamFailure(failure, "It failed.")
        return _ANSWER

    attempts: list[Attempt] = []
    try:
        assert asyncio.run(open_first(candidates, open_candidate, attempts)) is _ANSWER
    except errors.ChanceryError as told:
        return attempts, told
    return attempts, None


@given(st.integers(0, 4), OUTCOMES)
def test_attempts_are_few_and_end_with_the_first_answer(number: int, outcomes: list[FailureClass | None]) -> None:
    candidates = [a_candidate() for _ in range(number)]
    attempts, told = try_all(candidates, outcomes)
    assert len(attempts) <= MAX_ATTEMPTS
    assert all(attempt.failure for attempt in attempts[:-1])
    answered = bool(attempts) and attempts[-1].failure is None
    assert answered is (told is None)
    assert all(attempt.duration_ms >= 0 for attempt in attempts)


@given(OUTCOMES)
def test_another_deployment_is_tried_exactly_where_the_failure_says_so(outcomes: list[FailureClass | None]) -> None:
    first, second = a_candidate(), a_candidate()
    attempts, _ = try_all([first, second], outcomes)
    failure = outcomes[0]
    assert attempts[0].candidate is first
    assert [one.candidate for one in attempts[1:]] == ([second] if failure is not None and failure.elsewhere else [])


@given(OUTCOMES)
def test_the_only_deployment_is_tried_again_exactly_where_the_failure_says_so(
    outcomes: list[FailureClass | None],
) -> None:
    only = a_candidate()
    attempts, _ = try_all([only], outcomes)
    assert [one.candidate for one in attempts] == [only] * (2 if outcomes[0] in _AT_ONCE else 1)


@pytest.mark.parametrize("failure", [FailureClass.RATE_LIMITED, FailureClass.OVERLOADED])
def test_a_deployment_that_is_busy_is_not_pressed(failure: FailureClass) -> None:
    attempts, told = try_all([a_candidate()], [failure, None])
    assert len(attempts) == 1
    assert told is not None
    assert (told.code, told.headers["retry-after"]) == ("no_healthy_deployment", "1")


@pytest.mark.parametrize("failure", _CLIENTS)
@pytest.mark.parametrize("number", [1, 2])
def test_what_is_the_callers_fault_is_never_tried_again(failure: FailureClass, number: int) -> None:
    attempts, told = try_all([a_candidate() for _ in range(number)], [failure, None])
    assert len(attempts) == 1
    assert told is not None
    assert told.status == 400


@given(st.integers(1, 3), st.lists(CLASSES, min_size=MAX_ATTEMPTS, max_size=MAX_ATTEMPTS))
def test_a_failure_lists_each_attempt(number: int, outcomes: list[FailureClass]) -> None:
    attempts, told = try_all([a_candidate() for _ in range(number)], outcomes)
    assert told is not None
    assert told.details["attempts"] == [
        {"deployment": str(one.candidate.deployment.id), "code": outcome.value}
        for one, outcome in zip(attempts, outcomes, strict=False)
    ]


def test_without_candidates_there_is_no_healthy_deployment() -> None:
    attempts, told = try_all([], [])
    assert attempts == []
    assert told is not None
    assert (told.status, told.code) == (503, "no_healthy_deployment")


def test_what_is_no_upstreams_failure_ends_the_trying() -> None:
    async def open_candidate(_: Candidate) -> Any:
        raise asyncio.CancelledError

    attempts: list[Attempt] = []
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(open_first([a_candidate(), a_candidate()], open_candidate, attempts))
    assert attempts == []


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (FailureClass.CONNECT_FAILED, 502, "upstream_error"),
        (FailureClass.MISCONFIGURED, 502, "upstream_error"),
        (FailureClass.EGRESS_REFUSED, 502, "upstream_error"),
        (FailureClass.TIMEOUT_BEFORE_SEND, 504, "upstream_timeout"),
        (FailureClass.TIMEOUT, 504, "upstream_timeout"),
        (FailureClass.RATE_LIMITED, 503, "no_healthy_deployment"),
        (FailureClass.OVERLOADED, 503, "no_healthy_deployment"),
        (FailureClass.AUTH_FAILED, 502, "upstream_error"),
        (FailureClass.NOT_FOUND, 502, "upstream_error"),
        (FailureClass.BAD_REQUEST, 400, "upstream_rejected"),
        (FailureClass.CONTEXT_LENGTH, 400, "context_length_exceeded"),
        (FailureClass.CONTENT_POLICY, 400, "content_policy_violation"),
        (FailureClass.SERVER_ERROR, 502, "upstream_error"),
        (FailureClass.INVALID_ANSWER, 502, "upstream_error"),
        (FailureClass.CUT, 502, "upstream_error"),
    ],
)
def test_each_class_has_its_error(failure: FailureClass, status: int, code: str) -> None:
    told = failed([Attempt(a_candidate(), 1.0, UpstreamFailure(failure, "It failed."))])
    assert (told.status, told.code) == (status, code)


@given(st.none() | st.floats(0, 1e6))
def test_a_busy_upstreams_pause_is_told_in_whole_seconds(seconds: float | None) -> None:
    failure = UpstreamFailure(FailureClass.RATE_LIMITED, "Busy.", retry_after_seconds=seconds)
    pause = int(failed([Attempt(a_candidate(), 1.0, failure)]).headers["retry-after"])
    assert pause >= max(1, seconds or 0)
    assert pause < (seconds or 1) + 1.0 + 1e-6


def test_the_upstreams_own_words_reach_the_caller_only_where_they_are_about_the_request() -> None:
    for failure_class in FailureClass:
        error = UpstreamError("our account acct_1 is bad", param="temperature")
        told = failed([Attempt(a_candidate(), 1.0, UpstreamFailure(failure_class, "It failed.", error=error))])
        assert ("acct_1" in told.message) is (told.status == 400)


@pytest.mark.parametrize(
    ("failure_class", "status", "sent", "is_billed"),
    [
        (FailureClass.TIMEOUT, None, True, True),
        (FailureClass.TIMEOUT, None, False, False),
        (FailureClass.CUT, 200, True, True),
        (FailureClass.INVALID_ANSWER, 200, True, True),
        (FailureClass.SERVER_ERROR, 500, True, False),
        (FailureClass.SERVER_ERROR, None, True, True),
        (FailureClass.RATE_LIMITED, 429, True, False),
        (FailureClass.BAD_REQUEST, 400, True, False),
    ],
)
def test_an_attempt_may_be_charged_for_where_the_upstream_may_have_worked(
    failure_class: FailureClass, status: int | None, sent: bool, is_billed: bool
) -> None:
    failure = UpstreamFailure(failure_class, "It failed.", status=status, sent=sent)
    assert Attempt(a_candidate(), 1.0, failure).possibly_billed is is_billed
    assert not Attempt(a_candidate(), 1.0).possibly_billed
