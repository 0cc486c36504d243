"""Answers that are not answers: which failure class an upstream's status and error body mean.

Error bodies follow OpenAI's `{"error": {"message", "type", "param", "code"}}`; vLLM also answers
`{"object": "error", ...}` with the same fields at the top.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from gateway.providers.base import FailureClass, UpstreamError, UpstreamFailure
from kit import clock

_LONGEST_RETRY_AFTER_SECONDS = 3600.0

_BY_STATUS = {
    401: FailureClass.AUTH_FAILED,
    402: FailureClass.AUTH_FAILED,
    403: FailureClass.AUTH_FAILED,
    404: FailureClass.NOT_FOUND,
    408: FailureClass.TIMEOUT,
    425: FailureClass.RATE_LIMITED,
    429: FailureClass.RATE_LIMITED,
    503: FailureClass.OVERLOADED,
    529: FailureClass.OVERLOADED,  # Anthropic's `overloaded_error`
}
# `code` or `type` of the error, which say more than the status.
_BY_CODE = {
    "context_length_exceeded": FailureClass.CONTEXT_LENGTH,
    "exceed_context_size_error": FailureClass.CONTEXT_LENGTH,  # llama.cpp
    "string_above_max_length": FailureClass.CONTEXT_LENGTH,
    "content_filter": FailureClass.CONTENT_POLICY,  # Azure
    "content_policy_violation": FailureClass.CONTENT_POLICY,
    "insufficient_quota": FailureClass.AUTH_FAILED,
    "model_not_found": FailureClass.NOT_FOUND,
    "overloaded_error": FailureClass.OVERLOADED,
    "rate_limit_exceeded": FailureClass.RATE_LIMITED,
    "upstream_timeout": FailureClass.TIMEOUT,  # the hosted process
}
# vLLM and others name the context window in the message only.
_CONTEXT_LENGTH_MESSAGES = ("maximum context length", "maximum model length", "context window", "prompt is too long")


def failure_of(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFailure:
    """The failure an answer with an error status stands for. The body may be anything."""
    error = _error_in(body)
    failure_class = _class_of(status, error)
    return UpstreamFailure(
        failure_class,
        f"the upstream answered {status} ({failure_class.value})",
        status=status,
        retry_after_seconds=_retry_after_seconds(headers),
        error=error,
    )


def failure_in_event(payload: bytes, status: int) -> UpstreamFailure | None:
    """The failure an event of a running stream reports, or None for an ordinary one."""
    if b'"error"' not in payload[:40]:  # it comes first where it comes; parsing every event would cost too much
        return None
    error = _error_in(payload)
    if error is None:
        return None
    failure_class = _BY_CODE.get(error.code or "") or _BY_CODE.get(error.type or "") or FailureClass.SERVER_ERROR
    message = f"the upstream reported an error within its answer ({failure_class.value})"
    return UpstreamFailure(failure_class, message, status=status, error=error)


def parse_answer(body: bytes, status: int = 200) -> dict[str, Any]:
    """The JSON object of a complete answer. Raises `UpstreamFailure` for anything else, an error body included."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise invalid_answer("the upstream's answer is not JSON", status) from None
    if not isinstance(answer, dict):
        raise invalid_answer("the upstream's answer is not a JSON object", status)
    if answer.get("error") or answer.get("object") == "error":
        failure = failure_in_event(orjson.dumps({"error": answer.get("error") or answer}), status)
        raise failure or invalid_answer("the upstream's answer is an error without a description", status)
    return answer


def invalid_answer(message: str, status: int | None = None) -> UpstreamFailure:
    return UpstreamFailure(FailureClass.INVALID_ANSWER, message, status=status)


def _class_of(status: int, error: UpstreamError | None) -> FailureClass:
    if error is not None:
        named = _BY_CODE.get(error.code or "") or _BY_CODE.get(error.type or "")
        if named:
            return named
        if status in {400, 413, 422} and any(words in error.message.lower() for words in _CONTEXT_LENGTH_MESSAGES):
            return FailureClass.CONTEXT_LENGTH
    if status < 400:  # a redirect or a switch of protocols: neither is ever followed
        return FailureClass.INVALID_ANSWER
    return _BY_STATUS.get(status) or (FailureClass.BAD_REQUEST if status < 500 else FailureClass.SERVER_ERROR)


def _error_in(body: bytes) -> UpstreamError | None:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict):
        return None
    error = answer if answer.get("object") == "error" else answer.get("error")
    if isinstance(error, str):
        return UpstreamError(error)
    if not isinstance(error, dict):
        return None
    return UpstreamError(
        message=_text(error.get("message")) or "",
        type=_text(error.get("type")),
        param=_text(error.get("param")),
        code=_text(error.get("code")),
    )


def _text(value: object) -> str | None:
    """Codes are numbers with some upstreams."""
    return None if value is None else str(value)


def _retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """From `retry-after-ms`, or `retry-after` as seconds or as a date (RFC 9110, section 10.2.3)."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            seconds = float(milliseconds) / 1000
        elif (text := headers.get("retry-after", "").strip()).isdigit():
            seconds = float(text)
        else:
            seconds = (parsedate_to_datetime(text) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return None
    if seconds != seconds:  # NaN is a float too
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_SECONDS)
