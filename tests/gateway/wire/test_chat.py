"""A chat is refused with the path of what is wrong, or sent on as it was read."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given

from gateway.wire.chat import OutputField, read_chat, upstream_body
from kit import errors
from tests.gateway.wire import bodies

HELLO = [{"role": "user", "content": "Hello"}]
OURS = ("model", "max_tokens", "max_completion_tokens", "stream_options")


def chat(**changed: Any) -> dict[str, Any]:
    return {"model": "helper", "messages": HELLO, **changed}


def message(**members: Any) -> dict[str, Any]:
    return chat(messages=[{"role": "user", "content": "Hello", **members}])


def parts(*content: Any, role: str = "user") -> dict[str, Any]:
    return chat(messages=[{"role": role, "content": list(content)}])


def tool(**members: Any) -> dict[str, Any]:
    return chat(tools=[{"type": "function", "function": {"name": "f", **members}}])


def sent(body: dict[str, Any], **asked: Any) -> dict[str, Any]:
    return dict(orjson.loads(upstream_body(read_chat(body), **{"model": "up", "max_output_tokens": 9, **asked})))


def refused(body: dict[str, Any]) -> errors.InvalidRequest:
    with pytest.raises(errors.InvalidRequest) as caught:
        read_chat(body)
    return caught.value


@given(bodies.BODIES)
def test_all_but_what_the_gateway_sets_is_sent_by_value(body: dict[str, Any]) -> None:
    received = sent(body)
    assert {name: value for name, value in received.items() if name not in OURS} == {
        name: value for name, value in body.items() if name not in OURS
    }
    assert received["model"] == "up"
    assert received["max_tokens"] == 9
    assert "max_completion_tokens" not in received
    if body.get("stream"):
        assert received["stream_options"] == {**(body.get("stream_options") or {}), "include_usage": True}


@given(bodies.BODIES)
def test_what_is_sent_reads_as_what_was_read(body: dict[str, Any]) -> None:
    assert read_chat(sent(body, force_usage=False)).texts() == read_chat(body).texts()


@pytest.mark.parametrize(
    ("asked", "field", "expected"),
    [
        ({}, None, {"max_tokens": 9}),
        ({"max_tokens": 50}, None, {"max_tokens": 9}),
        ({"max_completion_tokens": 50}, None, {"max_completion_tokens": 9}),
        ({"max_tokens": 50, "max_completion_tokens": None}, None, {"max_tokens": 9}),
        ({"max_tokens": 50}, "max_completion_tokens", {"max_completion_tokens": 9}),
        ({"max_completion_tokens": 50}, "max_tokens", {"max_tokens": 9}),
    ],
)
def test_the_bound_goes_where_it_is_understood(
    asked: dict[str, Any], field: OutputField | None, expected: dict[str, int]
) -> None:
    received = sent(chat(**asked), output_field=field)
    assert {name: received[name] for name in received if name.startswith("max_")} == expected


@pytest.mark.parametrize(
    ("asked", "force", "expected"),
    [
        ({"stream": True}, True, {"include_usage": True}),
        ({"stream": True, "stream_options": None}, True, {"include_usage": True}),
        ({"stream": True, "stream_options": {"include_usage": False, "x": 1}}, True, {"include_usage": True, "x": 1}),
        ({"stream": True, "stream_options": {"include_usage": False}}, False, {"include_usage": False}),
        ({"stream": True}, False, None),
        ({"stream": False}, True, None),
        ({}, True, None),
    ],
)
def test_a_stream_is_asked_for_its_usage(asked: dict[str, Any], force: bool, expected: dict[str, Any] | None) -> None:
    assert sent(chat(**asked), force_usage=force).get("stream_options") == expected


def test_whether_the_caller_asked_for_usage_is_remembered() -> None:
    assert not read_chat(chat(stream=True)).include_usage
    assert not read_chat(chat(stream=True, stream_options={"include_usage": False})).include_usage
    assert read_chat(chat(stream=True, stream_options={"include_usage": True})).include_usage


def test_hints_are_read_and_not_sent() -> None:
    body = chat(metadata={"x-chancery-data-class": "public", "x-chancery-tier": "premium", "user_id": "anna"})
    read = read_chat(body)
    assert (read.hint("data-class"), read.hint("tier"), read.hint("other")) == ("public", "premium", None)
    assert sent(body)["metadata"] == {"user_id": "anna"}
    assert read.metadata_user_id == "anna"
    assert body["metadata"]["x-chancery-tier"] == "premium"  # what was given is left as it was


def test_metadata_of_hints_alone_is_not_sent() -> None:
    assert "metadata" not in sent(chat(metadata={"x-chancery-tier": "premium"}))
    assert sent(chat(metadata={}))["metadata"] == {}


def test_null_counts_as_absent() -> None:
    read = read_chat(chat(**dict.fromkeys(bodies.FIELDS), web_search_options=None, models=None))
    assert (read.stream, read.n, read.max_output_tokens, read.output_field) == (False, 1, None, None)


def test_answers_are_counted() -> None:
    assert read_chat(chat()).n == 1
    assert read_chat(chat(n=128)).n == 128


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": HELLO}, "model"),
        (chat(model=None), "model"),
        (chat(model=""), "model"),
        (chat(model=["helper"]), "model"),
        ({"model": "helper"}, "messages"),
        (chat(messages=[]), "messages"),
        (chat(messages="Hello"), "messages"),
        (chat(messages=["Hello"]), "messages[0]"),
        (chat(messages=[*HELLO, {"content": "x"}]), "messages[1].role"),
        (message(role="wizard"), "messages[0].role"),
        (message(role=["user"]), "messages[0].role"),
        (message(content=None), "messages[0].content"),
        (message(content=5), "messages[0].content"),
        (message(content={"type": "text"}), "messages[0].content"),
        (message(content=[]), "messages[0].content"),
        (message(name=5), "messages[0].name"),
        (message(role="tool"), "messages[0].tool_call_id"),
        (message(role="tool", tool_call_id=""), "messages[0].tool_call_id"),
        (message(role="function"), "messages[0].name"),
        (message(role="function", name="f", content=[{"type": "text", "text": "x"}]), "messages[0].content"),
        (message(role="assistant", content=None), "messages[0].content"),
        (message(role="assistant", tool_calls={}), "messages[0].tool_calls"),
        (message(role="assistant", tool_calls=[5]), "messages[0].tool_calls[0]"),
        (message(role="assistant", tool_calls=[{"function": {}}]), "messages[0].tool_calls[0].id"),
        (message(role="assistant", tool_calls=[{"id": "1", "type": "x"}]), "messages[0].tool_calls[0].type"),
        (message(role="assistant", tool_calls=[{"id": "1"}]), "messages[0].tool_calls[0].function"),
        (
            message(role="assistant", tool_calls=[{"id": "1", "function": {"name": "f", "arguments": {}}}]),
            "messages[0].tool_calls[0].function.arguments",
        ),
        (
            message(role="assistant", tool_calls=[{"id": "1", "type": "custom", "custom": {"name": "f"}}]),
            "messages[0].tool_calls[0].custom.input",
        ),
        (message(role="assistant", function_call={"arguments": "{}"}), "messages[0].function_call.name"),
        (parts("text"), "messages[0].content[0]"),
        (parts({"text": "x"}), "messages[0].content[0].type"),
        (parts({"type": "text"}), "messages[0].content[0].text"),
        (parts({"type": "text", "text": "x"}, {"type": "text", "text": ["x"]}), "messages[0].content[1].text"),
        (parts({"type": "video_url", "video_url": {}}), "messages[0].content[0].type"),
        (parts({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}, role="system"), None),
        (parts({"type": "refusal", "refusal": "no"}), "messages[0].content[0].type"),
        (parts({"type": "image_url", "image_url": "https://x"}), "messages[0].content[0].image_url"),
        (
            parts({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}),
            "messages[0].content[0].image_url.url",
        ),
        (
            parts({"type": "image_url", "image_url": {"url": "data:text/html,x"}}),
            "messages[0].content[0].image_url.url",
        ),
        (parts({"type": "file", "file": {"filename": "x"}}), "messages[0].content[0].file.file_data"),
        (chat(max_tokens=0), "max_tokens"),
        (chat(max_tokens=True), "max_tokens"),
        (chat(max_tokens=1.0), "max_tokens"),
        (chat(max_tokens="9"), "max_tokens"),
        (chat(max_completion_tokens=-1), "max_completion_tokens"),
        (chat(max_tokens=5, max_completion_tokens=5), "max_tokens"),
        (chat(n=0), "n"),
        (chat(n=129), "n"),
        (chat(temperature=2.1), "temperature"),
        (chat(temperature=True), "temperature"),
        (chat(top_p=-0.1), "top_p"),
        (chat(presence_penalty=-2.5), "presence_penalty"),
        (chat(stop=5), "stop"),
        (chat(stop=["a", 5]), "stop[1]"),
        (chat(stream="true"), "stream"),
        (chat(stream=1), "stream"),
        (chat(stream_options={"include_usage": True}), "stream_options"),
        (chat(stream=True, stream_options=[]), "stream_options"),
        (chat(stream=True, stream_options={"include_usage": 1}), "stream_options.include_usage"),
        (chat(stream=True, stream_options={"include_obfuscation": "x"}), "stream_options.include_obfuscation"),
        (chat(logit_bias={"50256": 101}), "logit_bias.50256"),
        (chat(logit_bias={"my card is 4111": 1}), "logit_bias"),
        (chat(logit_bias={"4111111111111111": 1}), "logit_bias"),
        (chat(logit_bias={"٣": 1}), "logit_bias"),
        (chat(metadata=[]), "metadata"),
        (chat(metadata={"x-chancery-tier": 5}), "metadata.x-chancery-tier"),
        (chat(user=5), "user"),
        (chat(seed=1.5), "seed"),
        (chat(tools={}), "tools"),
        (chat(tools=["f"]), "tools[0]"),
        (chat(tools=[{"type": "function"}]), "tools[0].function"),
        (tool(name="a b"), "tools[0].function.name"),
        (tool(name="x" * 129), "tools[0].function.name"),
        (tool(name="f\n"), "tools[0].function.name"),
        (tool(description=5), "tools[0].function.description"),
        (tool(parameters=[]), "tools[0].function.parameters"),
        (chat(functions=[{}]), "functions[0].name"),
        (chat(tool_choice=5), "tool_choice"),
        (chat(response_format="json"), "response_format"),
        (chat(response_format={}), "response_format.type"),
        (chat(response_format={"type": "json_schema"}), "response_format.json_schema"),
        (chat(response_format={"type": "json_schema", "json_schema": {}}), "response_format.json_schema.name"),
        (
            chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": "y"}}),
            "response_format.json_schema.schema",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_wrong_is_told_by_its_path(body: dict[str, Any], param: str | None) -> None:
    refusal = refused(body)
    assert (refusal.status, refusal.code) == (400, "invalid_request")
    assert refusal.param == (param or "messages[0].content[0].type")
    assert "4111" not in refusal.message


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"service_tier": "turbo"}, "service_tier"),
        ({"service_tier": ["auto"]}, "service_tier"),
        ({"speed": "fast"}, "speed"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"plugins": [{"id": "web"}]}, "plugins"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"prediction": {"type": "content", "content": "x"}}, "prediction"),
        ({"best_of": 2}, "best_of"),
        ({"models": ["other"]}, "models"),
        ({"api_base": "http://10.0.0.1"}, "api_base"),
        ({"extra_headers": {}}, "extra_headers"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        (parts({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}), "messages[0].content[0].type"),
        (parts({"type": "file", "file": {"file_id": "file-1"}}), "messages[0].content[0].file.file_id"),
    ],
    ids=str,
)
def test_what_has_no_price_or_leads_elsewhere_is_refused(asked: dict[str, Any], param: str) -> None:
    refusal = refused(chat(**asked))
    assert (refusal.code, refusal.param) == ("unsupported_parameter", param)


@pytest.mark.parametrize(
    "asked",
    [{"service_tier": "auto"}, {"speed": "standard"}, {"modalities": ["text"]}, {"best_of": 1}, {"plugins": False}],
    ids=str,
)
def test_what_changes_no_price_is_sent_on(asked: dict[str, Any]) -> None:
    assert sent(chat(**asked)).items() >= asked.items()


def test_what_has_a_price_is_sent_on() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    read = read_chat(parts(audio), priced=frozenset({"audio"}))
    assert read.not_scanned() == ("input_audio",)
    assert read_chat(chat(web_search_options={}), priced=frozenset({"web_search"})).body["web_search_options"] == {}


@pytest.mark.parametrize(
    "body",
    [
        message(role="developer"),
        message(role="tool", tool_call_id="1"),
        message(role="function", name="f", content=None),
        message(role="assistant", content=None, refusal="no"),
        message(role="assistant", content=None, function_call={"name": "f", "arguments": "{}"}),
        message(role="assistant", content="", tool_calls=[{"id": "1", "function": {"name": "f", "arguments": ""}}]),
        parts({"type": "refusal", "refusal": "no"}, role="assistant"),
        parts({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}),
        tool(name="a.b-c_D", strict=True, parameters={}),
        chat(tools=[{"type": "custom", "custom": {"name": "f", "format": {"type": "text"}}}]),
        chat(response_format={"type": "json_object"}),
        chat(tool_choice={"type": "function", "function": {"name": "f"}}),
        chat(temperature=1, top_p=0.5, logit_bias={"50256": -100}),
    ],
    ids=lambda body: str({**body, "model": None})[:60],
)
def test_what_the_reference_allows_is_sent_on(body: dict[str, Any]) -> None:
    received = sent(body)
    assert {name: received[name] for name in body if name != "model"} == {
        name: value for name, value in body.items() if name != "model"
    }
