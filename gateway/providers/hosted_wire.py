"""What the hosted process takes and gives: OpenAI's dialect on one side, litellm's arguments on the other. Pure.

litellm's `acompletion` takes OpenAI's fields and its own settings (`api_base`, `mock_response`, `fallbacks`, ...) as
one flat list of arguments. So nothing of a body is handed on that is not listed here, and nothing is dropped unsaid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.providers.hosted import BASE_URL_HEADER, CREDENTIAL_HEADER, MODEL_HEADER, TIMEOUT_HEADER

# Fields that change the answer. litellm refuses those the provider does not have.
_HANDED_ON = frozenset(
    "messages functions function_call temperature top_p top_k n stream stream_options stop max_tokens "
    "max_completion_tokens modalities prediction audio presence_penalty frequency_penalty logit_bias response_format "
    "seed tools tool_choice parallel_tool_calls logprobs top_logprobs reasoning_effort verbosity thinking user "
    "service_tier web_search_options".split()
)
# Labels that do not: left out, and named in a header of the answer.
_LEFT_OUT = frozenset("metadata store safety_identifier prompt_cache_key prompt_cache_retention".split())
_CREDENTIAL_FIELDS = frozenset(
    "api_key api_version aws_access_key_id aws_secret_access_key aws_session_token aws_region_name "
    "vertex_credentials vertex_project vertex_location azure_ad_token project region_name".split()
)
_PLAIN_MESSAGE_FIELDS = frozenset(
    "role name tool_calls tool_call_id function_call refusal reasoning_content thinking_blocks".split()
)
_TEXT_PARTS = frozenset({"text", "refusal", "thinking", "redacted_thinking"})
_REPEATABLE_STATUSES = frozenset({400, 404, 413, 422})
_MAX_MESSAGE_CHARACTERS = 1000


class Refused(Exception):
    """The request does not reach the provider; answered with 400."""

    def __init__(self, message: str, param: str | None = None, code: str = "unsupported_parameter") -> None:
        super().__init__(message)
        self.param = param
        self.code = code


@dataclass(frozen=True, slots=True)
class HostedCall:
    """`arguments` are litellm's; `left_out` names the fields of the body that have no meaning there."""

    arguments: dict[str, Any]
    left_out: tuple[str, ...]

    @property
    def stream(self) -> bool:
        return bool(self.arguments.get("stream"))


def call_of(headers: Mapping[str, str], body: bytes) -> HostedCall:
    """The call the gateway asks for. Raises `Refused`."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused("the body is not JSON", code="invalid_json") from None
    if not isinstance(request, dict) or not isinstance(request.get("messages"), list):
        raise Refused("the body is not a chat completion request", "messages", "invalid_request")
    fields = {name: value for name, value in request.items() if name != "model" and value is not None}
    for name in fields.keys() - _HANDED_ON - _LEFT_OUT:
        raise Refused(f"the field {name!r} has no meaning for a hosted provider", name)
    for message in request["messages"]:
        _check_message(message)
    _check_tools(fields.get("tools", []))
    arguments = {name: value for name, value in fields.items() if name in _HANDED_ON}
    return HostedCall(arguments | _connection(headers), tuple(sorted(fields.keys() & _LEFT_OUT)))


def _connection(headers: Mapping[str, str]) -> dict[str, Any]:
    """Where the call goes and as whom: from the gateway's own headers, never from the body."""
    if not headers.get(MODEL_HEADER):
        raise Refused("the gateway did not name the upstream's model", code="invalid_request")
    connection: dict[str, Any] = {"model": headers[MODEL_HEADER], "timeout": float(headers.get(TIMEOUT_HEADER, "600"))}
    if base_url := headers.get(BASE_URL_HEADER):
        connection["api_base"] = base_url
    credential = headers.get(CREDENTIAL_HEADER, "")
    if not credential.startswith("{"):
        return connection | {"api_key": credential or None}
    values: dict[str, Any] = orjson.loads(credential)
    for name in values.keys() - _CREDENTIAL_FIELDS:
        raise Refused(f"the provider's credential has an unknown field {name!r}", code="invalid_request")
    return connection | values


def _check_message(message: object) -> None:
    """litellm downloads media that a message names by URL; here media travel in the message or not at all."""
    if not isinstance(message, dict):
        raise Refused("a message is not an object", "messages", "invalid_request")
    for name, value in message.items():
        if name == "content" and isinstance(value, list):
            for part in value:
                if not (isinstance(part, dict) and part.get("type") in _TEXT_PARTS):
                    _check_media(part)
        elif name not in _PLAIN_MESSAGE_FIELDS and not (name == "content" and isinstance(value, str)):
            _check_media(value)


def _check_media(value: object) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _check_media(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_media(inner)
    elif isinstance(value, str) and "://" in value[:64] and not value.startswith("data:"):
        raise Refused("media are sent as data URLs; addresses are not fetched", "messages")


def _check_tools(tools: object) -> None:
    """Other kinds of tools connect somewhere or cost apart: MCP servers, searches, code execution."""
    for tool in tools if isinstance(tools, list) else [tools]:
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise Refused("only tools of type 'function' are handed on to a hosted provider", "tools")


def chunk_bytes(chunk: dict[str, Any]) -> bytes:
    """A streamed chunk as OpenAI sends it: `finish_reason` always there, usage in a chunk without choices."""
    for choice in chunk.get("choices", ()):
        choice.setdefault("finish_reason", None)
    if chunk.get("usage") and not any(choice["delta"] or choice["finish_reason"] for choice in chunk["choices"]):
        chunk["choices"] = []
    return event_bytes(orjson.dumps(chunk))


def event_bytes(payload: bytes) -> bytes:
    return b"data: %b\n\n" % payload


def error_of(failure: Exception) -> tuple[int, bytes]:
    """Status and body of the answer for what litellm raised: its status, its code, and a message of at most a line.

    The provider's words are repeated only where they tell the caller how to mend the request.
    """
    status = _status(failure)
    body = getattr(failure, "body", None)
    described: dict[str, Any] = body if isinstance(body, dict) else {}
    message = f"the provider answered {status}"
    if status in _REPEATABLE_STATUSES:
        message = str(described.get("message") or _without_prefixes(str(failure)))[:_MAX_MESSAGE_CHARACTERS]
    code = _CODES.get(type(failure).__name__) or described.get("code")
    return status, error_body(status, message, described.get("param"), None if code is None else str(code))


def error_body(status: int, message: str, param: str | None = None, code: str | None = None) -> bytes:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}})


# By the name of litellm's exception, since importing it here would cost seconds and 170 MB.
_CODES = {
    "ContextWindowExceededError": "context_length_exceeded",
    "ContentPolicyViolationError": "content_policy_violation",
    "UnsupportedParamsError": "unsupported_parameter",
    "RateLimitError": "rate_limit_exceeded",
    "Timeout": "upstream_timeout",
}


def _status(failure: Exception) -> int:
    if type(failure).__name__ == "Timeout":
        return 504
    status = getattr(failure, "status_code", None)
    return status if isinstance(status, int) and 400 <= status < 600 else 502


def _without_prefixes(message: str) -> str:
    """litellm puts the names of its exceptions before the provider's words."""
    return re.sub(r"^(?:litellm\.)?(?:\w+(?:Error|Exception)(?: -|:) )+", "", message.partition("\n")[0].strip())
