"""A generate body: a prompt or messages within limits, read into the form of a chat."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.chat import upstream_body
from gateway.wire.generate import OWN_FIELDS, GenerateLimits, read_generate
from kit import errors

LIMITS = GenerateLimits(prompt_characters=20, default_max_tokens=7, max_tokens=50)
OWN = st.fixed_dictionaries(
    {},
    optional={
        "pipeline": st.sampled_from(["auto", "direct", "rag", "agent"]),
        "tier_preference": st.sampled_from(["economy", "standard"]),
        "complexity": st.floats(0, 1) | st.just("high"),
        "use_case": st.just("triage"),
        "user_id": st.just("anna"),
        "team_id": st.just("team"),
        "priority": st.integers(1, 10),
        "collection": st.just("handbook"),
    },
)


def sent(body: dict[str, Any]) -> dict[str, Any]:
    return dict(orjson.loads(upstream_body(read_generate(body), model="up", max_output_tokens=9)))


def refused(body: dict[str, Any], limits: GenerateLimits = LIMITS) -> errors.InvalidRequest:
    with pytest.raises(errors.InvalidRequest) as caught:
        read_generate(body, limits=limits)
    return caught.value


@given(OWN, st.dictionaries(st.text("xyz", min_size=1), st.booleans()))
def test_members_of_this_operation_alone_never_go_upstream(own: dict[str, Any], rest: dict[str, bool]) -> None:
    received = sent({"prompt": "Hello", **own, **rest})
    assert received.keys() & OWN_FIELDS.keys() == set()
    assert received["messages"] == [{"role": "user", "content": "Hello"}]
    assert received.get("user") == own.get("user_id")
    assert received.items() >= rest.items()


def test_a_prompt_alone_has_the_defaults() -> None:
    chat = read_generate({"prompt": "Hello"}, limits=LIMITS)
    assert (chat.model, chat.pipeline, chat.team_id, chat.stream, chat.n) == ("", "auto", None, False, 1)
    assert (chat.max_output_tokens, chat.output_field) == (7, "max_tokens")
    assert chat.body["temperature"] == 0.3
    assert chat.hints == {"tier": "standard", "priority": "5"}


def test_messages_serve_in_place_of_a_prompt() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    chat = read_generate({"messages": messages, "model": "helper", "max_tokens": 50, "temperature": 1}, limits=LIMITS)
    assert (chat.model, chat.messages, chat.max_output_tokens) == ("helper", messages, 50)
    assert chat.body["temperature"] == 1


def test_what_is_preferred_becomes_hints() -> None:
    asked = {"tier_preference": "economy", "priority": 9, "complexity": 0.5, "use_case": "triage", "collection": "c"}
    chat = read_generate({"prompt": "Hello", "pipeline": "rag", "team_id": "t", **asked})
    assert chat.hints == {
        "tier": "economy",
        "priority": "9",
        "complexity": "0.5",
        "use-case": "triage",
        "collection": "c",
    }
    assert (chat.pipeline, chat.team_id) == ("rag", "t")


def test_a_hint_in_metadata_counts_more() -> None:
    chat = read_generate({"prompt": "Hello", "metadata": {"x-chancery-tier": "premium"}})
    assert chat.hint("tier") == "premium"


def test_the_user_may_be_named_either_way() -> None:
    assert read_generate({"prompt": "Hello", "user_id": "anna"}).user == "anna"
    assert read_generate({"prompt": "Hello", "user": "bert", "user_id": "anna"}).user == "bert"


def test_null_counts_as_absent() -> None:
    members = (*OWN_FIELDS, "model", "messages", "max_tokens", "temperature", "tools", "stream", "top_p")
    chat = read_generate({**dict.fromkeys(members), "prompt": "Hello"})
    assert (chat.model, chat.pipeline, chat.body["temperature"]) == ("", "auto", 0.3)


def test_tools_are_named_for_an_agent_and_defined_for_anyone() -> None:
    defined = {"type": "function", "function": {"name": "f"}}
    assert read_generate({"prompt": "Hello", "tools": [defined]}).body["tools"] == [defined]
    chat = read_generate({"prompt": "Hello", "pipeline": "agent", "tools": ["search", defined]})
    assert chat.body["tools"] == [defined]
    assert refused({"prompt": "Hello", "tools": [defined, "search"]}).param == "tools[1]"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": ["Hello"]}, "prompt"),
        ({"prompt": "Hello", "messages": [{"role": "user", "content": "Hello"}]}, "prompt"),
        ({"prompt": "x" * 21}, "prompt"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": "x" * 10}] * 3}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"prompt": "Hello", "model": ""}, "model"),
        ({"prompt": "Hello", "max_tokens": 51}, "max_tokens"),
        ({"prompt": "Hello", "max_tokens": 0}, "max_tokens"),
        ({"prompt": "Hello", "max_tokens": "9"}, "max_tokens"),
        ({"prompt": "Hello", "temperature": 3}, "temperature"),
        ({"prompt": "Hello", "pipeline": "magic"}, "pipeline"),
        ({"prompt": "Hello", "priority": 11}, "priority"),
        ({"prompt": "Hello", "priority": True}, "priority"),
        ({"prompt": "Hello", "complexity": 1.5}, "complexity"),
        ({"prompt": "Hello", "complexity": ""}, "complexity"),
        ({"prompt": "Hello", "complexity": []}, "complexity"),
        ({"prompt": "Hello", "tier_preference": 1}, "tier_preference"),
        ({"prompt": "Hello", "team_id": 1}, "team_id"),
        ({"prompt": "Hello", "user_id": {}}, "user_id"),
        ({"prompt": "Hello", "tools": "search"}, "tools"),
        ({"prompt": "Hello", "stream": 0}, "stream"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_by_its_path(body: dict[str, Any], param: str) -> None:
    refusal = refused(body)
    assert (refusal.code, refusal.param) == ("invalid_request", param)


@pytest.mark.parametrize("asked", [{"stream": True}, {"max_completion_tokens": 5}, {"models": ["a"]}], ids=str)
def test_what_this_operation_does_not_do_is_refused(asked: dict[str, Any]) -> None:
    refusal = refused({"prompt": "Hello", **asked})
    assert (refusal.code, refusal.param) == ("unsupported_parameter", next(iter(asked)))


def test_a_prompt_as_long_as_allowed_is_read() -> None:
    assert read_generate({"prompt": "ü" * 20}, limits=LIMITS).texts() == (("messages[0].content", "ü" * 20),)
