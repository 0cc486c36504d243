"""What reaches litellm is listed field by field, and what comes back is OpenAI's dialect."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.providers.hosted import BASE_URL_HEADER, CREDENTIAL_HEADER, MODEL_HEADER, TIMEOUT_HEADER
from gateway.providers.hosted_wire import Refused, call_of, chunk_bytes, error_of

HEADERS = {
    MODEL_HEADER: "anthropic/claude",
    CREDENTIAL_HEADER: "sk-x",
    BASE_URL_HEADER: "http://a",
    TIMEOUT_HEADER: "9",
}
MESSAGES = [{"role": "user", "content": "see https://example.com/a.png"}]


def body(**fields: Any) -> bytes:
    return orjson.dumps({"model": "claude", "messages": MESSAGES} | fields)


def user(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def test_model_key_and_address_come_from_the_gateways_headers() -> None:
    call = call_of(HEADERS, body(temperature=0.5, user=None))
    assert call.arguments == {
        "model": "anthropic/claude",
        "api_key": "sk-x",
        "api_base": "http://a",
        "timeout": 9.0,
        "messages": MESSAGES,
        "temperature": 0.5,
    }


def test_a_credential_of_several_values_is_spread() -> None:
    credential = orjson.dumps({"aws_access_key_id": "a", "aws_secret_access_key": "b", "aws_region_name": "c"})
    arguments = call_of(HEADERS | {CREDENTIAL_HEADER: credential.decode()}, body()).arguments
    assert arguments["aws_secret_access_key"] == "b"
    with pytest.raises(Refused):
        call_of(HEADERS | {CREDENTIAL_HEADER: '{"mock_response": "x"}'}, body())


@pytest.mark.parametrize(
    "field",
    [
        "api_base",
        "api_key",
        "base_url",
        "mock_response",
        "fallbacks",
        "extra_headers",
        "custom_llm_provider",
        "cache",
        "x",
    ],
)
def test_litellms_own_arguments_in_a_body_are_refused(field: str) -> None:
    with pytest.raises(Refused, match=field) as caught:
        call_of(HEADERS, body(**{field: "http://elsewhere"}))
    assert caught.value.param == field


def test_labels_are_left_out_and_named() -> None:
    call = call_of(HEADERS, body(store=True, metadata={"a": "b"}))
    assert call.left_out == ("metadata", "store")
    assert not {"store", "metadata"} & call.arguments.keys()


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image_url", "image_url": "http://169.254.169.254/"},
        {"type": "input_audio", "input_audio": {"data": "gs://bucket/a"}},
        {"type": "file", "file": {"file_id": "https://example.com/a.pdf"}},
        {"type": "document", "source": {"url": "s3://a"}},
        {"image_url": {"url": "file:///etc/passwd"}},
    ],
)
def test_media_by_address_are_refused(part: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="data URLs"):
        call_of(HEADERS, body(messages=user({"type": "text", "text": "look"}, part)))


def test_media_within_the_message_and_addresses_in_text_are_handed_on() -> None:
    messages = user(
        {"type": "text", "text": "https://example.com"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
    )
    called = {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '"http://a"'}}]}
    assert call_of(HEADERS, body(messages=[*messages, called])).arguments["messages"] == [*messages, called]


@pytest.mark.parametrize("tool", [{"type": "mcp", "server_url": "http://a"}, {"type": "web_search"}, "x"])
def test_tools_that_connect_somewhere_are_refused(tool: object) -> None:
    with pytest.raises(Refused, match="function"):
        call_of(HEADERS, body(tools=[tool]))


@pytest.mark.parametrize("text", [b"", b"[]", b'{"messages": "x"}', b'{"messages": ["x"]}'])
def test_a_body_that_is_no_request_is_refused(text: bytes) -> None:
    with pytest.raises(Refused):
        call_of(HEADERS, text)


def test_usage_comes_in_a_chunk_without_choices() -> None:
    chunk = {"id": "a", "choices": [{"index": 0, "delta": {}}], "usage": {"total_tokens": 1}}
    assert b'"choices":[]' in chunk_bytes(chunk)
    last = {"id": "a", "choices": [{"index": 0, "delta": {"content": "x"}}]}
    assert b'"finish_reason":null' in chunk_bytes(last)


class Timeout(Exception):
    status_code = 408


class AuthenticationError(Exception):
    status_code = 401


class ContextWindowExceededError(Exception):
    status_code = 400


@pytest.mark.parametrize(
    ("failure", "status", "code", "words"),
    [
        (Timeout("x"), 504, "upstream_timeout", "the provider answered 504"),
        (AuthenticationError("key sk-123 is wrong"), 401, None, "the provider answered 401"),
        (
            ContextWindowExceededError("litellm.BadRequestError: AnthropicException - prompt is too long\nmore"),
            400,
            "context_length_exceeded",
            "prompt is too long",
        ),
        (ValueError("secret"), 502, None, "the provider answered 502"),
    ],
)
def test_errors_keep_their_status_and_tell_only_what_mends(
    failure: Exception, status: int, code: str | None, words: str
) -> None:
    answered, answer = error_of(failure)
    assert answered == status
    error = orjson.loads(answer)["error"]
    assert (error["code"], error["message"]) == (code, words)
    assert error.keys() == {"message", "type", "param", "code"}
