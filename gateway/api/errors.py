"""Errors as each surface of the inference API words them."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.api.replies import JSON, HeaderPairs, Reply
from kit import errors
from kit.ids import new_id

_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def render(path: str, error: errors.ChanceryError, headers: HeaderPairs | None = None, request_id: str = "") -> Reply:
    """The reply for an error on the surface that `path` belongs to. Every reply carries a request id."""
    pairs = list(headers or ())
    if not request_id:
        request_id = str(new_id())
        pairs.append((b"x-request-id", request_id.encode()))
    body = anthropic(error, request_id) if path.startswith("/v1/messages") else openai(error)
    pairs += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in error.headers.items()]
    if error.status in (401, 403, 404):  # a 402 says so itself
        pairs.append((b"x-should-retry", b"false"))
    content = orjson.dumps(body)
    pairs += [JSON, (b"content-length", str(len(content)).encode())]
    reply = Reply(error.status, content, pairs)
    reply.code = error.code
    return reply


def openai(error: errors.ChanceryError) -> dict[str, Any]:
    """OpenAI's error object: all four members, always, and what else there is to say."""
    return {
        "error": {
            "message": error.message,
            "type": error.type,
            "param": error.param,
            "code": error.code,
            **error.details,
        }
    }


def anthropic(error: errors.ChanceryError, request_id: str) -> dict[str, Any]:
    """Anthropic's error object."""
    kind = _ANTHROPIC_TYPES.get(error.status, "api_error")
    return {
        "type": "error",
        "error": {"type": kind, "message": error.message, "code": error.code},
        "request_id": request_id,
    }
