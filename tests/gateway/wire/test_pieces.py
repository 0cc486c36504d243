"""Whatever of a body goes upstream is read by the checks, or is named as something they cannot read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given

from gateway.wire.chat import FIELDS, read_chat, upstream_body
from tests.gateway.wire import bodies

HELLO = [{"role": "user", "content": "Hello"}]
MEDIA = {"image_url": "url", "input_audio": "data", "file": "file_data"}
# Names and words of the form itself, which a caller cannot choose.
FORM = {"role", "content", "type", "image_url", "input_audio", "file", "url", "data", "file_data", "text", "refusal"}
FORM |= {
    "name",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "include_usage",
    "system",
    "developer",
    "user",
    "assistant",
    "tool",
    "function",
    "custom",
}


def leaves(value: Any) -> Iterator[str]:
    """Every text and every name of a member in `value`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)


def seen(body: dict[str, Any]) -> str:
    return "\x00".join(text for _, text in read_chat(body).texts())


def sent(body: dict[str, Any]) -> dict[str, Any]:
    return dict(orjson.loads(upstream_body(read_chat(body), model="upstream", max_output_tokens=9)))


@given(bodies.BODIES)
def test_every_text_that_goes_upstream_is_inspected_or_named(body: dict[str, Any]) -> None:
    chat = read_chat(body)
    received = sent(body)
    biases = received.pop("logit_bias", None) or {}
    assert all(re.fullmatch("[0-9]{1,8}", token) for token in biases)
    media = {
        part[part["type"]][MEDIA[part["type"]]]
        for message in received["messages"]
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part["type"] in MEDIA
    }
    assert bool(media) == bool(chat.not_scanned())
    everything = seen(body)
    known = FORM | FIELDS.keys() | {"model", "messages", "upstream"}
    missing = {leaf for leaf in leaves(received) if leaf not in everything}
    assert missing - known <= {one for one in media if one.startswith("data:")}


@given(bodies.BODIES)
def test_every_piece_has_the_path_of_a_member(body: dict[str, Any]) -> None:
    for path, text in read_chat(body).texts():
        value: Any = body
        for step in re.findall(r"[^.\[\]]+", path):
            value = value[int(step)] if isinstance(value, list) else value[step]
        assert text


def test_parts_of_one_content_are_read_as_one_text_in_both_ways_of_joining_them() -> None:
    parts = [{"type": "text", "text": "4111 1111"}, {"type": "text", "text": "1111 1111"}]
    chat = read_chat({"model": "m", "messages": [{"role": "user", "content": parts}]})
    path = "messages[0].content"
    assert chat.texts() == ((path, "4111 1111\n1111 1111"), (path, "4111 11111111 1111"))


def test_a_value_is_seen_under_its_name() -> None:
    body = {"model": "m", "messages": HELLO, "metadata": {"password": "hunter2"}, "settings": {"deep": {"pin": "9"}}}
    assert "password: hunter2" in seen(body)
    assert "pin: 9" in seen(body)


@pytest.mark.parametrize("number", [4111111111111111, -4111111111111111, 4111111111111111.0, 123456789])
def test_a_number_long_enough_to_identify_somebody_is_seen(number: float) -> None:
    assert str(number) in seen({"model": "m", "messages": HELLO, "metadata": {"card": number}})


def test_members_of_stream_options_that_nobody_knows_are_seen() -> None:
    body = {"model": "m", "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
    assert "include_usage" not in seen(body)
    assert "note: hidden" in seen({**body, "stream_options": {"include_usage": True, "note": "hidden"}})


@pytest.mark.parametrize(
    ("part", "kind", "remote"),
    [
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}, "image_url", False),
        ({"type": "image_url", "image_url": {"url": "DATA:image/png;base64,AAAA"}}, "image_url", False),
        ({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}, "image_url", True),
        ({"type": "file", "file": {"file_data": "AAAA", "filename": "report.pdf"}}, "file", False),
    ],
)
def test_what_cannot_be_read_is_named(part: dict[str, Any], kind: str, remote: bool) -> None:
    chat = read_chat({"model": "m", "messages": [{"role": "user", "content": [part]}]})
    assert chat.not_scanned() == (kind,)
    assert chat.has_remote_media is remote
    assert "AAAA" not in str(chat.texts())
    assert "AAAA" not in chat.prompt_json()


def test_the_address_and_the_name_of_what_cannot_be_read_are_seen() -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": "https://example.com/?secret=1", "detail": "low"}, "note": "aside"},
        {"type": "file", "file": {"file_data": "AAAA", "filename": "report.pdf"}},
    ]
    text = seen({"model": "m", "messages": [{"role": "user", "content": parts}]})
    assert all(one in text for one in ("https://example.com/?secret=1", "detail: low", "note: aside", "report.pdf"))


def test_instructions_are_those_of_system_and_developer() -> None:
    roles = ("system", "user", "developer", "assistant")
    chat = read_chat({"model": "m", "messages": [{"role": role, "content": "x"} for role in roles]})
    assert chat.instruction_paths() == {"messages[0].content", "messages[2].content"}
