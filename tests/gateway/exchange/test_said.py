"""What a model says is read as one text in each place, however it was cut up on the way."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange.said import Said
from gateway.providers.base import FailureClass, UpstreamFailure

TEXTS = st.text(min_size=1, max_size=30)
CALLS = st.fixed_dictionaries({"name": TEXTS, "arguments": TEXTS})
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "content": TEXTS,
        "refusal": TEXTS,
        "reasoning_content": TEXTS,
        "tool_calls": st.lists(CALLS, min_size=1, max_size=3),
    },
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["content", "tool_calls", "function", "index", "id"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def whole(messages: list[dict[str, Any]]) -> Said:
    said = Said()
    said.hear([{"index": index, "message": _message(message)} for index, message in enumerate(messages)], "message")
    return said


def _message(message: dict[str, Any]) -> dict[str, Any]:
    calls = message.get("tool_calls")
    if not calls:
        return {"role": "assistant", **message}
    made = [{"id": f"call_{number}", "type": "function", "function": call} for number, call in enumerate(calls)]
    return {"role": "assistant", **message, "tool_calls": made}


def deltas_of(index: int, message: dict[str, Any]) -> list[dict[str, Any]]:
    """One character at a time, a tool call's name and id at once, as upstreams do."""
    found: list[dict[str, Any]] = []
    for name, value in message.items():
        if name == "tool_calls":
            for number, call in enumerate(value):
                first = {"index": number, "id": f"call_{number}", "type": "function"}
                found.append({"tool_calls": [{**first, "function": {"name": call["name"], "arguments": ""}}]})
                found += [
                    {"tool_calls": [{"index": number, "function": {"arguments": char}}]} for char in call["arguments"]
                ]
        else:
            found += [{name: char} for char in value]
    return [{"index": index, "delta": delta} for delta in found]


@given(st.lists(MESSAGES, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_events_of_several_choices_come_to_what_the_whole_answer_says(
    messages: list[dict[str, Any]], dice: Any
) -> None:
    queues = [deltas_of(index, message) for index, message in enumerate(messages)]
    streamed = Said()
    while any(queues):
        queue = dice.choice([queue for queue in queues if queue])
        streamed.hear([queue.pop(0)], "delta")
    expected = whole(messages)
    assert dict(streamed.texts()) == dict(expected.texts())
    assert streamed.tool_calls == expected.tool_calls
    assert streamed.bytes() == expected.bytes()


def test_each_place_has_its_path() -> None:
    said = whole([{"content": "Hello", "refusal": "No", "tool_calls": [{"name": "f", "arguments": "{}"}]}])
    assert dict(said.texts()) == {
        "output.0.content": "Hello",
        "output.0.refusal": "No",
        "output.0.tool_calls.0.name": "f",
        "output.0.tool_calls.0.arguments": "{}",
    }


def test_members_nobody_knows_are_read_too() -> None:
    said = Said()
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    reasons = {"steps": ["three", {"deep": "four"}]}
    said.hear(
        [{"message": {"content": parts, "reasoning_details": reasons, "function_call": {"name": "f"}}}], "message"
    )
    read = "\n".join(text for _, text in said.texts())
    assert all(word in read for word in ("one", "two", "three", "four", "f"))
    assert not said.not_scanned


@pytest.mark.parametrize("medium", ["audio", "images"])
def test_what_is_no_text_is_named(medium: str) -> None:
    said = Said()
    said.hear([{"message": {"content": "Here.", medium: [{"data": "AAAA"}]}}], "message")
    assert said.not_scanned == {medium}


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_a_member_that_is_empty_says_nothing(nothing: Any) -> None:
    said = Said()
    said.hear([{"delta": {"role": "assistant", "content": nothing, "tool_calls": nothing, "audio": nothing}}], "delta")
    said.hear([{"delta": nothing}], "delta")
    assert (said.texts(), said.tool_calls, said.not_scanned) == ((), 0, set())


def test_what_is_nested_beyond_reason_is_read() -> None:
    deep: Any = "bottom"
    for _ in range(1_000):
        deep = {"inner": [deep]}
    said = Said()
    said.hear([{"message": {"content": deep}}], "message")
    assert said.texts() == (("output.0.content", "bottom"),)


@pytest.mark.parametrize(
    "choices",
    [
        None,
        5,
        "text",
        {},
        [5],
        [None],
        [{"delta": 5}],
        [{"delta": "text"}],
        [{"delta": ["text"]}],
        [{"delta": {"tool_calls": 5}}],
        [{"delta": {"tool_calls": {"0": {}}}}],
        [{"delta": {"tool_calls": [5]}}],
        [{"delta": {"tool_calls": [{"function": 5}]}}],
    ],
)
def test_what_has_not_the_form_of_an_answer_is_an_upstreams_failure(choices: Any) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        Said().hear(choices, "delta")
    assert caught.value.failure_class is FailureClass.INVALID_ANSWER


@given(ANYTHING | st.lists(st.fixed_dictionaries({"delta": ANYTHING}), max_size=3))
def test_no_answer_does_more_than_be_refused(choices: Any) -> None:
    said = Said()
    with suppress(UpstreamFailure):
        said.hear(choices, "delta")
    assert all(type(path) is type(text) is str for path, text in said.texts())
