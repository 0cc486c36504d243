"""What the schemas allow is what the readers read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from gateway.wire import openapi
from gateway.wire.chat import FIELDS, read_chat
from gateway.wire.generate import OWN_FIELDS, read_generate
from kit import errors
from tests.gateway.wire import bodies

# To JSON Schema 1.0 is an integer, which no client writes for one and the readers do not take.
_STRICT = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
Strict = extend(Draft202012Validator, type_checker=_STRICT)
CHAT = Strict(openapi.CHAT_REQUEST)
GENERATE = Strict(openapi.GENERATE_REQUEST)
HELLO = [{"role": "user", "content": "Hello"}]
WRONG: list[Any] = [True, 0, -1, 129, 2.5, 10**9, "", "text", [], [5], ["text"], {}, {"text": 5}, {"type": "text"}]


def is_read(read: Any, body: dict[str, Any]) -> bool:
    try:
        read(body)
    except errors.InvalidRequest:
        return False
    return True


@pytest.mark.parametrize(
    "schema", [openapi.CHAT_REQUEST, openapi.GENERATE_REQUEST, openapi.ERROR], ids=lambda s: s["title"]
)
def test_a_schema_is_one(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


def test_every_field_that_is_checked_is_described() -> None:
    assert FIELDS.keys() | {"model", "messages"} == openapi.CHAT_REQUEST["properties"].keys()
    assert OWN_FIELDS.keys() <= openapi.GENERATE_REQUEST["properties"].keys()


@given(bodies.BODIES)
def test_a_body_that_is_read_is_described(body: dict[str, Any]) -> None:
    read_chat(body)
    assert [error.message for error in CHAT.iter_errors(body)] == []


@given(st.sampled_from(sorted(FIELDS)), st.sampled_from(WRONG) | bodies.JSON)
def test_reader_and_schema_agree_on_a_field_of_a_chat(name: str, value: Any) -> None:
    body = {"model": "helper", "messages": HELLO, name: value}
    if name == "stream_options":
        body["stream"] = True
    assert is_read(read_chat, body) == CHAT.is_valid(body)


@given(
    st.sampled_from(["role", "content", "name", "tool_calls", "function_call", "refusal"]),
    st.sampled_from(WRONG) | bodies.JSON.filter(lambda value: value is not None),
)
def test_the_schema_allows_no_message_that_the_reader_refuses(name: str, value: Any) -> None:
    body = {"model": "helper", "messages": [{"role": "assistant", "content": "Hello", name: value}]}
    assert is_read(read_chat, body) or not CHAT.is_valid(body)


@given(st.sampled_from(sorted(OWN_FIELDS)), st.sampled_from([*WRONG, "auto", "rag", 0.5]))
def test_reader_and_schema_agree_on_a_field_of_generate(name: str, value: Any) -> None:
    body = {"prompt": "Hello", name: value}
    assert is_read(read_generate, body) == GENERATE.is_valid(body)
