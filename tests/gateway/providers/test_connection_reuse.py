"""Connections are kept, given back, and replaced when the other side has closed them."""

from __future__ import annotations

import asyncio

from gateway.providers.base import FailureClass, UpstreamFailure
from gateway.providers.http_client import PoolLimits
from gateway.providers.openai_compatible import OpenAICompatible
from tests.gateway.providers.upstreams import (
    ANSWER,
    LOOPBACK,
    Upstream,
    VerbatimServer,
    call_to,
    class_of_failure,
    eventually,
    whole,
)

PLAIN = "HTTP/1.1 200 OK\ncontent-type: application/json"


async def test_calls_one_after_another_share_a_connection(provider: OpenAICompatible, dummy: Upstream) -> None:
    for stream in (False, True, True, False):
        await whole(provider, dummy.call(stream=stream))
    assert dummy.observed.connections == 1


async def test_a_refusal_leaves_the_connection_usable(provider: OpenAICompatible, dummy: Upstream) -> None:
    assert await class_of_failure(provider, dummy.call("status=429")) is FailureClass.RATE_LIMITED
    await whole(provider, dummy.call())
    assert dummy.observed.connections == 1


async def test_calls_at_once_have_connections_of_their_own(provider: OpenAICompatible, dummy: Upstream) -> None:
    calls = [whole(provider, dummy.call("latency_ms=50", stream=number % 2 == 0)) for number in range(20)]
    await asyncio.gather(*calls)
    assert dummy.observed.connections == 20
    assert dummy.observed.completed == 20


async def test_a_connection_closed_by_the_other_side_is_replaced_unseen(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    verbatim.answer_with(PLAIN, ANSWER)
    await whole(provider, call_to(verbatim.url))
    verbatim.answers.append(_close_silently)
    verbatim.answer_with(PLAIN, ANSWER)
    assert await whole(provider, call_to(verbatim.url)) == [ANSWER]
    assert verbatim.connections == 2
    assert len(verbatim.requests) == 3


async def test_it_is_replaced_once_only(provider: OpenAICompatible, verbatim: VerbatimServer) -> None:
    verbatim.answer_with(PLAIN, ANSWER)
    await whole(provider, call_to(verbatim.url))
    verbatim.answers += [_close_silently, _close_silently]
    assert await class_of_failure(provider, call_to(verbatim.url)) is FailureClass.CUT
    assert len(verbatim.requests) == 3


async def test_a_fresh_connection_that_dies_is_not_retried(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    verbatim.answers.append(_close_silently)
    assert await class_of_failure(provider, call_to(verbatim.url)) is FailureClass.CUT
    assert len(verbatim.requests) == 1


async def test_an_upstream_that_was_at_work_is_not_asked_twice(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    verbatim.answer_with(PLAIN, ANSWER)
    await whole(provider, call_to(verbatim.url))

    async def die_after_a_while(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.1)
        writer.close()

    verbatim.answers.append(die_after_a_while)
    assert await class_of_failure(provider, call_to(verbatim.url)) is FailureClass.CUT
    assert len(verbatim.requests) == 2


async def test_a_connection_the_upstream_will_close_is_not_kept(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    for _ in range(2):
        verbatim.answer_with(f"{PLAIN}\nconnection: close", ANSWER)
        await whole(provider, call_to(verbatim.url))
    assert verbatim.connections == 2


async def test_an_idle_connection_is_closed_in_time(dummy: Upstream) -> None:
    provider = OpenAICompatible(LOOPBACK, limits=PoolLimits(keep_alive_seconds=0.1))
    await whole(provider, dummy.call())
    await asyncio.sleep(0.3)
    await whole(provider, dummy.call())
    assert dummy.observed.connections == 2
    await provider.close()


async def test_connections_are_bounded(dummy: Upstream) -> None:
    provider = OpenAICompatible(LOOPBACK, limits=PoolLimits(connections=3))
    results = await asyncio.gather(
        *(whole(provider, dummy.call("latency_ms=50")) for _ in range(5)), return_exceptions=True
    )
    failures = [result for result in results if isinstance(result, UpstreamFailure)]
    assert [failure.failure_class for failure in failures] == [FailureClass.OVERLOADED] * 2
    assert not failures[0].sent
    await whole(provider, dummy.call())
    await provider.close()


async def test_an_answer_that_comes_unasked_is_never_given_to_the_next_caller(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    verbatim.answer_with(PLAIN, ANSWER)
    verbatim.answers[0] = bytes(verbatim.answers[0]) * 2  # type: ignore[arg-type]  # a second answer behind the first
    assert await whole(provider, call_to(verbatim.url)) == [ANSWER]
    verbatim.answer_with(PLAIN, b'{"id":"mine"}')
    assert await whole(provider, call_to(verbatim.url)) == [b'{"id":"mine"}']
    assert verbatim.connections == 2


async def test_the_end_of_a_stream_gives_the_connection_back_when_it_comes_late(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    ended = asyncio.Event()

    async def end_late(writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"13\r\ndata: {}\n\ndata: [DO\r\n5\r\nNE]\n\n\r\n")
        await asyncio.sleep(0.1)
        writer.write(b"0\r\n\r\n")
        ended.set()

    verbatim.answers.append(end_late)
    assert await whole(provider, call_to(verbatim.url, stream=True)) == [b"{}"]
    await ended.wait()
    await asyncio.sleep(0.05)
    verbatim.answer_with(PLAIN, ANSWER)
    await whole(provider, call_to(verbatim.url))
    assert verbatim.connections == 1


async def test_an_answer_behind_the_late_end_of_a_stream_is_not_given_either(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    async def end_with_more(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        writer.write(b"e\r\ndata: [DONE]\n\n\r\n"[:19])
        await asyncio.sleep(0.1)
        writer.write(b"\r\n0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"[2:])

    verbatim.answers.append(end_with_more)
    assert await whole(provider, call_to(verbatim.url, stream=True)) == []
    await asyncio.sleep(0.2)
    verbatim.answer_with(PLAIN, ANSWER)
    assert await whole(provider, call_to(verbatim.url)) == [ANSWER]
    assert verbatim.connections == 2


async def test_a_stream_without_a_formal_end_does_not_hold_its_connection(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    gone = asyncio.Event()

    async def never_end(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {}\n\ndata: [DONE]\n\n")
        await writer.drain()
        while not writer.is_closing():
            writer.write(b": still here\n\n")
            await asyncio.sleep(0.05)
        gone.set()

    verbatim.answers.append(never_end)
    assert await whole(provider, call_to(verbatim.url, stream=True)) == [b"{}"]
    await eventually(gone.is_set, seconds=3)


async def _close_silently(writer: asyncio.StreamWriter) -> None:
    writer.close()
