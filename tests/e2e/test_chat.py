"""A chat completion from the caller's side: what is sent comes back under an approval, with its cost and record."""

from __future__ import annotations

import json

from tests.support.gateway import RunningGateway
from tests.support.recorder import Recorder
from tests.support.world import World

HELLO = [{"role": "user", "content": "Hello"}]


def test_an_approved_call_is_answered_and_says_under_what(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    answer = gateway.post("/v1/chat/completions", headers=world.headers, json={"model": "helper", "messages": HELLO})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["object"] == "chat.completion"
    assert body["model"] == "helper"
    assert body["choices"][0]["message"]["role"] == "assistant"
    assert body["choices"][0]["message"]["content"]
    for name in (
        "x-request-id",
        "x-chancery-model",
        "x-chancery-deployment",
        "x-chancery-approval",
        "x-chancery-record",
        "x-chancery-data-class",
        "x-latency-ms",
        "server-timing",
    ):
        assert answer.headers[name]
    usage = body["usage"]
    expected = usage["prompt_tokens"] * 1_000 + usage["completion_tokens"] * 2_000
    assert round(float(answer.headers["x-chancery-cost-usd"]) * 1e9) == expected


def test_fields_nobody_knows_reach_the_upstream_by_value(
    gateway: RunningGateway, world: World, echo_upstream: Recorder
) -> None:
    world.serve("helper", echo_upstream.url)
    sent = {
        "model": "helper",
        "messages": HELLO,
        "a_field_of_tomorrow": {"list": [1, 2.5, None, True], "text": "ünïcödé"},
        "temperature": 0.25,
    }
    answer = gateway.post("/v1/chat/completions", headers=world.headers, json=sent)
    assert answer.status_code == 200, answer.text
    received = echo_upstream.last_body()
    assert received["a_field_of_tomorrow"] == sent["a_field_of_tomorrow"]
    assert received["temperature"] == 0.25
    assert received["model"] == "dummy"


def test_the_held_output_bound_is_sent_upstream(gateway: RunningGateway, world: World, echo_upstream: Recorder) -> None:
    world.serve("helper", echo_upstream.url)
    gateway.post("/v1/chat/completions", headers=world.headers, json={"model": "helper", "messages": HELLO})
    assert echo_upstream.last_body()["max_tokens"] == 4_096
    gateway.post(
        "/v1/chat/completions", headers=world.headers, json={"model": "helper", "messages": HELLO, "max_tokens": 7}
    )
    assert echo_upstream.last_body()["max_tokens"] == 7


def test_the_callers_key_never_leaves(gateway: RunningGateway, world: World, echo_upstream: Recorder) -> None:
    world.serve("helper", echo_upstream.url)
    gateway.post("/v1/chat/completions", headers=world.headers, json={"model": "helper", "messages": HELLO})
    head = echo_upstream.last_head().lower()
    assert world.key_text.lower() not in head
    assert "bearer upstream-secret" in head


def test_tool_calls_come_back_whole(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    answer = gateway.post(
        "/v1/chat/completions",
        headers=world.headers,
        json={
            "model": "helper",
            "messages": HELLO,
            "tools": [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}],
            "metadata": {"dummy": 'tool=get_weather args={"city":"Oslo"}'},
        },
    )
    call = answer.json()["choices"][0]["message"]["tool_calls"][0]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Oslo"}


def test_content_parts_are_accepted(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    picture = {"url": "data:image/png;base64,iVBORw0KGgo="}
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": picture}]
    answer = gateway.post(
        "/v1/chat/completions",
        headers=world.headers,
        json={"model": "helper", "messages": [{"role": "user", "content": parts}]},
    )
    assert answer.status_code == 200, answer.text


def test_generate_answers_with_content_cost_and_provenance(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    answer = gateway.post("/v1/generate", headers=world.headers, json={"prompt": "Hello", "model": "helper"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["content"]
    assert body["model_used"] == "helper"
    assert body["pipeline_used"] == "direct"
    assert body["tokens_out"] > 0
    assert float(body["cost_usd"]) > 0
    assert body["request_id"] == answer.headers["x-request-id"]


def test_generate_says_which_pipelines_are_not_enabled(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    for pipeline in ("rag", "agent"):
        answer = gateway.post(
            "/v1/generate", headers=world.headers, json={"prompt": "Hello", "model": "helper", "pipeline": pipeline}
        )
        assert answer.json()["error"]["code"] == "pipeline_not_enabled"


def test_generate_refuses_a_team_that_is_not_the_keys(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    other, _ = world.new_team("other")
    asked = {"prompt": "Hello", "model": "helper", "team_id": str(other.id)}
    answer = gateway.post("/v1/generate", headers=world.headers, json=asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "team_mismatch")


def test_models_are_listed_with_tier_status_and_chain(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    pending = world.model("pending", approved=False)
    world.deploy(pending, world.provider(upstream))
    listed = {entry["id"]: entry for entry in gateway.get("/v1/models", headers=world.headers).json()["data"]}
    assert listed["helper"]["status"] == "approved"
    assert listed["helper"]["tier"] == "standard"
    assert listed["helper"]["fallback_chain"] == []
    assert listed["pending"]["status"] == "model_not_approved"
    one = gateway.get("/v1/models/helper", headers=world.headers)
    assert one.json() == listed["helper"]
