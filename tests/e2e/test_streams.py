"""Streams from the caller's side: the events of a chat, their end, and what happens when either side leaves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx

from tests.support.gateway import RunningGateway
from tests.support.ledger import settlement_of
from tests.support.stack import wait_for
from tests.support.world import World

STOPPED_WITHIN_SECONDS = 1.0  # of the twenty seconds that it would have gone on
HELLO = [{"role": "user", "content": "Hello"}]


def events(gateway: RunningGateway, world: World, **asked: Any) -> tuple[httpx.Headers, list[str]]:
    gateway.catch_up()
    body = {"model": "helper", "messages": HELLO, "stream": True, **asked}
    with httpx.stream(
        "POST", gateway.url + "/v1/chat/completions", headers=world.headers, json=body, timeout=30
    ) as answer:
        return answer.headers, list(payloads(answer))


def observed(upstream: str) -> dict[str, int]:
    """What the dummy provider has seen so far."""
    seen: dict[str, int] = httpx.get(upstream.removesuffix("/v1") + "/observed", timeout=5).json()
    return seen


def payloads(answer: httpx.Response) -> Iterator[str]:
    assert answer.status_code == 200, answer.read()
    for line in answer.iter_lines():
        if line.startswith("data: "):
            yield line.removeprefix("data: ")


def test_a_stream_has_one_id_a_role_first_and_done_last(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    headers, received = events(gateway, world)
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache"
    assert headers["x-accel-buffering"] == "no"
    assert received[-1] == "[DONE]"
    chunks = [json.loads(payload) for payload in received[:-1]]
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert {chunk["model"] for chunk in chunks} == {"helper"}
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"


def test_usage_is_counted_although_nobody_asked_for_it(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    headers, received = events(gateway, world)
    assert not any("usage" in json.loads(payload) for payload in received[:-1])
    settled = settlement_of(world, headers["x-request-id"])
    assert settled.outcome == "completed"
    assert settled.output_tokens > 0
    assert not settled.estimated


def test_usage_is_shown_to_who_asks(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    _, received = events(gateway, world, stream_options={"include_usage": True})
    last = json.loads(received[-2])
    assert last["usage"]["completion_tokens"] > 0
    assert last["choices"] == []


def test_a_stream_cut_upstream_ends_in_an_error_event_and_is_paid_for(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    headers, received = events(gateway, world, metadata={"dummy": "tokens=50 cut=5"})
    assert "[DONE]" not in received
    assert json.loads(received[-1])["error"]["code"] == "upstream_error"
    settled = settlement_of(world, headers["x-request-id"])
    assert settled.outcome == "failed"
    assert settled.estimated
    assert 0 < settled.cost_nano_usd <= settled.held_nano_usd


def test_a_caller_who_leaves_stops_the_upstream_and_pays_for_what_was_made(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    gateway.catch_up()
    body = {"model": "helper", "messages": HELLO, "stream": True, "metadata": {"dummy": "tokens=2000 interval_ms=10"}}
    aborted = observed(upstream)["aborted"]
    with httpx.stream(
        "POST", gateway.url + "/v1/chat/completions", headers=world.headers, json=body, timeout=30
    ) as answer:
        request_id = answer.headers["x-request-id"]
        for seen, _ in enumerate(payloads(answer)):
            if seen == 10:
                break
    wait_for(lambda: observed(upstream)["aborted"] == aborted + 1, STOPPED_WITHIN_SECONDS, "the upstream goes on")
    settled = settlement_of(world, request_id)
    assert settled.outcome == "cancelled"
    assert settled.estimated
    assert 5 <= settled.output_tokens < 500


def test_a_caller_who_leaves_before_the_first_byte_is_noticed(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    gateway.catch_up()
    body = {"model": "helper", "messages": HELLO, "metadata": {"dummy": "latency_ms=20000"}}
    started = time.monotonic()
    try:
        httpx.post(gateway.url + "/v1/chat/completions", headers=world.headers, json=body, timeout=0.5)
    except httpx.ReadTimeout:
        pass
    settled = settlement_of(world, None)
    assert settled.outcome == "cancelled"
    assert time.monotonic() - started < 10
