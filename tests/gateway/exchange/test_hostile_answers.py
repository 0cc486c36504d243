"""An upstream may answer anything: the caller gets a documented error, the books an outcome, the record a verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.services import catalogue
from kit import money
from tests.support.gateway import RunningGateway
from tests.support.ledger import envelope, records, settlement_of
from tests.support.recorder import Recorder
from tests.support.world import World

HELLO = [{"role": "user", "content": "Hello"}]
BOUND = 10
DEEP = b"[" * 600 + b"]" * 600
CARD = "4111 1111 1111 1111"
ANSWERS: dict[str, bytes] = {
    "no JSON": b"hello",
    "nothing": b"",
    "an array": b"[]",
    "an object without choices": b"{}",
    "choices that are none": b'{"choices": null}',
    "choices that are no list": b'{"choices": 5}',
    "a choice that is none": b'{"choices": [5]}',
    "a message that is none": b'{"choices": [{"message": "hello"}]}',
    "tool calls that are none": b'{"choices": [{"message": {"tool_calls": 5}}]}',
    "a number beyond the standard": b'{"choices": [], "usage": {"prompt_tokens": NaN}}',
    "half a character": b'{"choices": [{"message": {"content": "\\ud800"}}]}',
    "what is nested too deep": b'{"choices": [], "more": ' + DEEP + b"}",
}
EVENTS = {
    **{name: answer.replace(b'"message"', b'"delta"') for name, answer in ANSWERS.items() if b"choices" in answer},
    "no JSON": b"hello",
    "an array": b"[]",
}
del EVENTS["choices that are none"]  # an event may come without
FINE = b'{"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}}]}'
AMOUNTS: list[tuple[Any, bool]] = [
    (None, True),
    ({}, True),
    ({"prompt_tokens": -5, "completion_tokens": -5}, True),
    ({"prompt_tokens": 2**63 - 1, "completion_tokens": 2**63 - 1}, True),
    ({"prompt_tokens": 1e308, "completion_tokens": 1e308}, True),
    ({"prompt_tokens": 1.5, "completion_tokens": True}, True),
    ({"prompt_tokens": "3", "completion_tokens": "2"}, True),
    ({"prompt_tokens": 0, "completion_tokens": 0}, False),
    ({"prompt_tokens": 10**9, "completion_tokens": 10**9}, False),
]


def ask(gateway: RunningGateway, world: World, **asked: Any) -> Any:
    body = {"model": "helper", "messages": HELLO, "max_tokens": BOUND, **asked}
    return gateway.post("/v1/chat/completions", headers=world.headers, json=body)


def data_of(text: str) -> list[str]:
    return [line.removeprefix("data: ") for line in text.splitlines() if line]


def output_verdicts(world: World) -> dict[str, tuple[str, int]]:
    [record] = [found for found in records(world) if found.kind not in ("requested", "refused")]
    found = {one["control"]: (one["verdict"], one["findings"]) for one in envelope(record)["verdicts"]}
    return {name.removeprefix("output."): verdict for name, verdict in found.items() if name.startswith("output.")}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_is_no_answer_is_an_upstream_error_and_charged_at_most_what_was_held(
    gateway: RunningGateway, world: World, echo_upstream: Recorder, answer: str
) -> None:
    world.serve("helper", echo_upstream.url)
    echo_upstream.answer = ANSWERS[answer]
    found = ask(gateway, world)
    error = found.json()["error"]
    assert (found.status_code, error["code"]) == (502, "upstream_error"), found.text
    assert [attempt["code"] for attempt in error["attempts"]] == ["invalid_answer"]
    settled = settlement_of(world, found.headers["x-request-id"])
    assert (settled.outcome, settled.estimated) == ("failed", True)
    assert 0 < settled.cost_nano_usd <= settled.held_nano_usd


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_that_is_none_ends_the_stream_with_an_error_event(
    gateway: RunningGateway, world: World, echo_upstream: Recorder, event: str
) -> None:
    world.serve("helper", echo_upstream.url)
    echo_upstream.answer_events(FINE, EVENTS[event])
    found = ask(gateway, world, stream=True)
    first, last = data_of(found.text)
    assert json.loads(first)["choices"][0]["delta"]["content"] == "Hel"
    assert json.loads(last)["error"]["code"] == "upstream_error"
    settled = settlement_of(world, found.headers["x-request-id"])
    assert (settled.outcome, settled.estimated) == ("failed", True)
    assert 0 < settled.cost_nano_usd <= settled.held_nano_usd


@pytest.mark.parametrize("event", [b"{}", b'{"choices": null}', b'{"type": "ping"}'])
def test_an_event_that_says_nothing_is_not_passed_on(
    gateway: RunningGateway, world: World, echo_upstream: Recorder, event: bytes
) -> None:
    world.serve("helper", echo_upstream.url)
    echo_upstream.answer_events(FINE, event, FINE)
    first, second, last = data_of(ask(gateway, world, stream=True).text)
    assert all(json.loads(passed)["choices"][0]["delta"]["content"] == "Hel" for passed in (first, second))
    assert last == "[DONE]"


@pytest.mark.parametrize(("usage", "estimated"), AMOUNTS)
def test_whatever_is_counted_the_call_is_answered_and_settled_once(
    gateway: RunningGateway, world: World, echo_upstream: Recorder, usage: Any, estimated: bool
) -> None:
    world.serve("helper", echo_upstream.url)
    echo_upstream.answer_with(usage=usage)
    found = ask(gateway, world)
    assert found.status_code == 200, found.text
    settled = settlement_of(world, found.headers["x-request-id"])
    assert (settled.outcome, settled.estimated) == ("completed", estimated)
    assert settled.cost_nano_usd == settled.input_tokens * 1_000 + settled.output_tokens * 2_000
    if estimated:
        assert 0 < settled.cost_nano_usd <= settled.held_nano_usd


def test_cached_input_has_its_own_price(gateway: RunningGateway, world: World, echo_upstream: Recorder) -> None:
    rates = catalogue.Rates(input=money.from_usd(1), cached_input=money.from_usd("0.1"), output=money.from_usd(2))
    world.serve("helper", echo_upstream.url, rates=rates)
    details = {"prompt_tokens_details": {"cached_tokens": 90}, "completion_tokens_details": {"reasoning_tokens": 4}}
    echo_upstream.answer_with(usage={"prompt_tokens": 100, "completion_tokens": 5, **details})
    settled = settlement_of(world, ask(gateway, world).headers["x-request-id"])
    tokens = settled.input_tokens, settled.cached_input_tokens, settled.output_tokens, settled.reasoning_tokens
    assert tokens == (100, 90, 5, 4)
    assert settled.cost_nano_usd == 10 * 1_000 + 90 * 100 + 5 * 2_000


def test_what_is_said_in_a_tool_call_is_inspected(
    gateway: RunningGateway, world: World, echo_upstream: Recorder
) -> None:
    world.serve("helper", echo_upstream.url)
    call = {"id": "call_1", "type": "function", "function": {"name": "pay", "arguments": json.dumps({"card": CARD})}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    echo_upstream.answer_with(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])
    assert ask(gateway, world).status_code == 200
    assert output_verdicts(world)["pii"] == ("found", 1)


def test_choices_that_are_streamed_at_once_are_inspected_each_as_one_text(
    gateway: RunningGateway, world: World, echo_upstream: Recorder
) -> None:
    world.serve("helper", echo_upstream.url)
    events = [
        json.dumps({"choices": [{"index": index, "delta": {"content": text}}]}).encode()
        for text in CARD
        for index in (0, 1)
    ]
    echo_upstream.answer_events(*events)
    assert data_of(ask(gateway, world, stream=True, n=2).text)[-1] == "[DONE]"
    assert output_verdicts(world)["pii"] == ("found", 2)


def test_what_was_given_before_a_stream_broke_is_inspected(
    gateway: RunningGateway, world: World, echo_upstream: Recorder
) -> None:
    world.serve("helper", echo_upstream.url)
    echo_upstream.answer_events(json.dumps({"choices": [{"delta": {"content": CARD}}]}).encode(), b"broken")
    assert "error" in data_of(ask(gateway, world, stream=True).text)[-1]
    assert output_verdicts(world)["pii"] == ("found", 1)


def test_what_cannot_be_read_in_an_answer_is_not_said_to_have_passed(
    gateway: RunningGateway, world: World, echo_upstream: Recorder
) -> None:
    world.serve("helper", echo_upstream.url)
    message = {"role": "assistant", "content": "Here.", "images": [{"image_url": {"url": "data:image/png;base64,AA"}}]}
    echo_upstream.answer_with(choices=[{"index": 0, "message": message, "finish_reason": "stop"}])
    assert ask(gateway, world).status_code == 200
    assert {verdict for verdict, _ in output_verdicts(world).values()} == {"not_scanned"}
