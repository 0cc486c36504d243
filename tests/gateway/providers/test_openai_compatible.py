"""Plain calls and streams to an OpenAI-compatible upstream."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson
import pytest

from gateway.providers.base import FailureClass, UpstreamFailure
from gateway.providers.failures import parse_answer
from gateway.providers.http_client import Origin, split_base_url
from gateway.providers.openai_compatible import OpenAICompatible
from kit.egress import EgressPolicy
from tests.gateway.providers.upstreams import (
    ANSWER,
    LOOPBACK,
    Upstream,
    VerbatimServer,
    call_to,
    class_of_failure,
    eventually,
    failure_of_call,
    whole,
)


async def test_a_plain_answer_is_read_whole(provider: OpenAICompatible, dummy: Upstream) -> None:
    answer = await provider.open(dummy.call("text=four%20words%20of%20text,usage=7/4"))
    body = parse_answer(await answer.read())
    await answer.close()
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert body["choices"][0]["message"]["content"] == "four words of text"
    assert body["usage"] == {"prompt_tokens": 7, "completion_tokens": 4, "total_tokens": 11}


async def test_a_stream_gives_its_events_without_the_terminal_one(provider: OpenAICompatible, dummy: Upstream) -> None:
    events = [orjson.loads(event) for event in await whole(provider, dummy.call("tokens=5", stream=True))]
    assert len(events) == 1 + 5 + 1 + 1
    assert events[0]["choices"][0]["delta"]["role"] == "assistant"
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["usage"]["completion_tokens"] == 5


async def test_events_arrive_while_the_upstream_is_still_at_work(provider: OpenAICompatible, dummy: Upstream) -> None:
    answer = await provider.open(dummy.call("tokens=3,hang=2", stream=True))
    events = answer.events()
    received: list[bytes] = []
    while len(received) < 2:
        received += await anext(events)
    assert dummy.observed.in_flight == 1
    await answer.close()


async def test_what_arrives_together_is_given_together(provider: OpenAICompatible, verbatim: VerbatimServer) -> None:
    verbatim.answer_with("HTTP/1.1 200 OK\ncontent-type: text/event-stream", b"data: 1\n\ndata: 2\n\ndata: [DONE]\n\n")
    answer = await provider.open(call_to(verbatim.url, stream=True))
    assert [payloads async for payloads in answer.events()] == [[b"1", b"2"]]


async def test_the_request_is_what_the_register_and_the_exchange_say(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    verbatim.answer_with("HTTP/1.1 200 OK\ncontent-type: application/json", ANSWER)
    call = call_to(f"{verbatim.url}/", credential="sk-secret")
    assert await whole(provider, replace(call, headers=(("traceparent", "00-ab"),))) == [ANSWER]
    head, _, body = verbatim.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/chat/completions HTTP/1.1"
    assert {"authorization: Bearer sk-secret", "accept-encoding: identity", "traceparent: 00-ab"} <= set(lines)
    assert f"host: {verbatim.url.split('/')[2]}" in lines
    assert body == call.body


@pytest.mark.parametrize("headers", [(("x-a", "b\r\nx-evil: 1"),), (("x-a\n", "b"),), (("x-a", "é"),)])
async def test_a_header_that_would_begin_another_is_refused(
    provider: OpenAICompatible, verbatim: VerbatimServer, headers: tuple[tuple[str, str], ...]
) -> None:
    for call in (replace(call_to(verbatim.url), headers=headers), call_to(verbatim.url, credential="sk\r\nx-evil: 1")):
        failure = await failure_of_call(provider, call)
        assert failure.failure_class is FailureClass.MISCONFIGURED
        assert not failure.sent
    assert verbatim.connections == 0


@pytest.mark.parametrize(
    ("base_url", "origin", "path"),
    [
        ("https://api.example.com/v1", Origin("api.example.com", 443, tls=True), "/v1"),
        ("http://[::1]:8080/", Origin("::1", 8080, tls=False), ""),
        ("unix:/run/a.sock:/v1", Origin("", 0, tls=False, unix_socket="/run/a.sock"), "/v1"),
    ],
)
def test_a_base_url_is_an_origin_and_a_path(base_url: str, origin: Origin, path: str) -> None:
    assert split_base_url(base_url) == (origin, path)


@pytest.mark.parametrize(
    "base_url",
    ["ftp://a/v1", "//a", "http://", "http://u:p@a/", "http://a/?q=1", "http://a/#f", "unix:run/a.sock", "http://a:x/"],
)
def test_an_impossible_base_url_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError, match=r"base URL|absolute|[Pp]ort"):
        split_base_url(base_url)


@pytest.mark.parametrize(
    ("script", "expected", "elsewhere"),
    [
        ("status=400", FailureClass.BAD_REQUEST, False),
        ("status=400,code=context_length_exceeded", FailureClass.CONTEXT_LENGTH, True),
        ("status=400,code=content_filter", FailureClass.CONTENT_POLICY, False),
        ("status=401", FailureClass.AUTH_FAILED, True),
        ("status=404", FailureClass.NOT_FOUND, True),
        ("status=429,retry_after=3", FailureClass.RATE_LIMITED, True),
        ("status=500", FailureClass.SERVER_ERROR, True),
        ("status=503", FailureClass.OVERLOADED, True),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_is_classified_before_anything_is_given(
    provider: OpenAICompatible, dummy: Upstream, script: str, expected: FailureClass, elsewhere: bool, stream: bool
) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        await provider.open(dummy.call(script, stream=stream))
    assert caught.value.failure_class is expected
    assert caught.value.failure_class.elsewhere is elsewhere
    assert caught.value.retry_after_seconds == (3.0 if expected is FailureClass.RATE_LIMITED else None)
    assert caught.value.error is not None


async def test_a_tool_call_comes_through_in_both_forms(provider: OpenAICompatible, dummy: Upstream) -> None:
    script = 'tool=get_weather args={"city":"Oslo, NO"}'
    [body] = await whole(provider, dummy.call(script))
    [call] = parse_answer(body)["choices"][0]["message"]["tool_calls"]
    assert call["function"] == {"name": "get_weather", "arguments": '{"city":"Oslo, NO"}'}
    events = [orjson.loads(event) for event in await whole(provider, dummy.call(script, stream=True))]
    parts = [part for event in events for choice in event["choices"] for part in choice["delta"].get("tool_calls", ())]
    assert "".join(part["function"]["arguments"] for part in parts) == '{"city":"Oslo, NO"}'
    assert {part["index"] for part in parts} == {0}


async def test_an_upstream_that_is_not_there_was_sent_nothing(provider: OpenAICompatible, unused_tcp_port: int) -> None:
    failure = await failure_of_call(provider, call_to(f"http://127.0.0.1:{unused_tcp_port}/v1"))
    assert failure.failure_class is FailureClass.CONNECT_FAILED
    assert not failure.sent
    assert not failure.possibly_billed


@pytest.mark.parametrize("host", ["nowhere.invalid", f"{'a' * 70}.example", "a..b"])
async def test_a_name_that_does_not_resolve_is_no_connection(provider: OpenAICompatible, host: str) -> None:
    assert await class_of_failure(provider, call_to(f"http://{host}/v1")) is FailureClass.CONNECT_FAILED


async def test_an_address_the_operator_did_not_list_is_refused(dummy: Upstream) -> None:
    strict = OpenAICompatible(EgressPolicy())
    failure = await failure_of_call(strict, dummy.call())
    assert failure.failure_class is FailureClass.EGRESS_REFUSED
    assert not failure.sent
    assert dummy.observed.connections == 0


async def test_tls_is_not_spoken_to_a_server_without_it(provider: OpenAICompatible, dummy: Upstream) -> None:
    call = call_to(dummy.url.replace("http:", "https:"))
    assert await class_of_failure(provider, call) is FailureClass.CONNECT_FAILED


async def test_a_reader_that_leaves_a_stream_stops_the_upstream(provider: OpenAICompatible, dummy: Upstream) -> None:
    answer = await provider.open(dummy.call("tokens=5000,interval_ms=5", stream=True))
    events = answer.events()
    await anext(events)
    await answer.close()
    await eventually(lambda: dummy.observed.aborted == 1)


async def test_a_caller_cancelled_before_the_first_byte_stops_the_upstream(
    provider: OpenAICompatible, dummy: Upstream
) -> None:
    waiting = asyncio.create_task(provider.open(dummy.call("hang=0")))
    await eventually(lambda: dummy.observed.in_flight == 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await eventually(lambda: dummy.observed.aborted == 1)


async def test_closing_the_provider_aborts_what_is_in_flight(dummy: Upstream) -> None:
    provider = OpenAICompatible(LOOPBACK)
    waiting = asyncio.create_task(class_of_failure(provider, dummy.call("hang=2", stream=True)))
    await eventually(lambda: dummy.observed.in_flight == 1)
    await asyncio.sleep(0.05)
    await provider.close()
    assert await waiting is FailureClass.CUT
    await eventually(lambda: dummy.observed.aborted == 1)


async def test_a_slow_reader_holds_the_upstream_back(provider: OpenAICompatible, verbatim: VerbatimServer) -> None:
    event = b"data: " + b"x" * 65536 + b"\n\n"
    written = 0

    async def pour(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        for _ in range(1000):
            writer.write(event)
            await writer.drain()
            written += 1
        writer.write(b"data: [DONE]\n\n")
        writer.close()

    verbatim.answers.append(pour)
    answer = await provider.open(call_to(verbatim.url, stream=True))
    events = answer.events()
    first = await anext(events)
    await asyncio.sleep(0.3)
    assert written < 300  # what the kernel's buffers and one read-ahead hold, of 65 MB
    assert len(first) + sum([len(payloads) async for payloads in events]) == 1000
