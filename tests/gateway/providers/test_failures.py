"""Statuses and error bodies become failure classes that say what to do next."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from gateway.providers.base import FailureClass, UpstreamFailure
from gateway.providers.failures import failure_in_event, failure_of, parse_answer
from kit import clock


def error(message: str = "no", **fields: object) -> bytes:
    return orjson.dumps({"error": {"message": message, "type": None, "param": None, "code": None} | fields})


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, error(), FailureClass.BAD_REQUEST),
        (400, b"<html>", FailureClass.BAD_REQUEST),
        (400, error(code="context_length_exceeded"), FailureClass.CONTEXT_LENGTH),
        (400, error(type="exceed_context_size_error"), FailureClass.CONTEXT_LENGTH),
        (400, error("This model's maximum context length is 4096 tokens."), FailureClass.CONTEXT_LENGTH),
        (400, orjson.dumps({"object": "error", "message": "maximum context length is 1"}), FailureClass.CONTEXT_LENGTH),
        (400, error(code="content_filter"), FailureClass.CONTENT_POLICY),
        (401, error(), FailureClass.AUTH_FAILED),
        (402, error(), FailureClass.AUTH_FAILED),
        (403, b"", FailureClass.AUTH_FAILED),
        (404, error(), FailureClass.NOT_FOUND),
        (408, b"", FailureClass.TIMEOUT),
        (422, error(code=17), FailureClass.BAD_REQUEST),
        (429, error(), FailureClass.RATE_LIMITED),
        (429, error(code="insufficient_quota"), FailureClass.AUTH_FAILED),
        (500, b"null", FailureClass.SERVER_ERROR),
        (502, b"[1]", FailureClass.SERVER_ERROR),
        (503, error(), FailureClass.OVERLOADED),
        (529, error(type="overloaded_error"), FailureClass.OVERLOADED),
        (307, b"", FailureClass.INVALID_ANSWER),
        (204, b"", FailureClass.INVALID_ANSWER),
    ],
)
def test_an_error_answer_has_a_class(status: int, body: bytes, expected: FailureClass) -> None:
    failure = failure_of(status, {}, body)
    assert failure.failure_class is expected
    assert failure.status == status


def test_our_message_holds_none_of_the_upstreams_words() -> None:
    failure = failure_of(400, {}, error("the prompt 'secret plan' is bad"))
    assert "secret" not in str(failure) + repr(failure.error)
    assert failure.error is not None
    assert failure.error.message == "the prompt 'secret plan' is bad"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Wed, 01 Jan 2025 00:00:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}, 0.0),
        ({"retry-after": "999999999"}, 3600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-4"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    with clock.fixed(datetime(2025, 1, 1, tzinfo=UTC)):
        assert failure_of(429, headers, b"").retry_after_seconds == seconds


def test_an_ordinary_event_that_speaks_of_errors_is_no_error() -> None:
    assert failure_in_event(b'{"choices":[{"delta":{"content":"\\"error\\""}}]}', 200) is None
    assert failure_in_event(b'{"error":null,"choices":[]}', 200) is None


@pytest.mark.parametrize("payload", [error(), b'{"error":"boom"}', b'{"object":"error","message":"boom"}'])
def test_an_event_that_is_an_error_is_a_failure(payload: bytes) -> None:
    failure = failure_in_event(payload, 200)
    assert failure is not None
    assert failure.failure_class is FailureClass.SERVER_ERROR


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"id":', b'{"choices":[],"x":NaN}'])
def test_an_answer_that_is_not_a_json_object_is_invalid(body: bytes) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        parse_answer(body)
    assert caught.value.failure_class is FailureClass.INVALID_ANSWER


def test_an_error_deep_in_a_successful_answer_is_found() -> None:
    with pytest.raises(UpstreamFailure) as caught:
        parse_answer(orjson.dumps({"id": "x" * 100, "error": {"message": "busy", "type": "overloaded_error"}}))
    assert caught.value.failure_class is FailureClass.OVERLOADED


def test_every_class_says_what_follows() -> None:
    assert {one for one in FailureClass if one.billed} == {
        FailureClass.TIMEOUT,
        FailureClass.SERVER_ERROR,
        FailureClass.INVALID_ANSWER,
        FailureClass.CUT,
    }
    assert not FailureClass.BAD_REQUEST.elsewhere
    assert str(FailureClass.RATE_LIMITED) == "rate_limited"
