"""Answers that are late, cut, too large, compressed or not answers at all end as failures with a class, soon."""

from __future__ import annotations

import gzip

import pytest

from gateway.providers.base import FailureClass, Timeouts, UpstreamFailure
from gateway.providers.openai_compatible import OpenAICompatible
from tests.gateway.providers.upstreams import (
    SHORT,
    Upstream,
    VerbatimServer,
    call_to,
    class_of_failure,
    eventually,
    failure_of_call,
    whole,
)

PLAIN = "HTTP/1.1 200 OK\ncontent-type: application/json"
STREAM = "HTTP/1.1 200 OK\ncontent-type: text/event-stream"


@pytest.mark.parametrize(
    ("script", "stream", "expected"),
    [
        ("malformed=html", False, FailureClass.INVALID_ANSWER),
        ("malformed=html", True, FailureClass.INVALID_ANSWER),
        ("malformed=http", False, FailureClass.INVALID_ANSWER),
        ("malformed=http", True, FailureClass.INVALID_ANSWER),
        ("malformed=gzip", False, FailureClass.INVALID_ANSWER),
        ("malformed=gzip", True, FailureClass.INVALID_ANSWER),
        ("malformed=oversized", False, FailureClass.INVALID_ANSWER),
        ("malformed=oversized", True, FailureClass.INVALID_ANSWER),
        ("malformed=length", False, FailureClass.CUT),
        ("malformed=length", True, FailureClass.CUT),
        ("malformed=error_200", False, FailureClass.SERVER_ERROR),
        ("malformed=error_200", True, FailureClass.SERVER_ERROR),
        ("malformed=error_event", True, FailureClass.SERVER_ERROR),
        ("malformed=empty", True, FailureClass.CUT),
        ("cut=0", False, FailureClass.CUT),
        ("cut=3", True, FailureClass.CUT),
        ("hang=0", False, FailureClass.TIMEOUT),
        ("hang=0", True, FailureClass.TIMEOUT),
        ("hang=3", True, FailureClass.TIMEOUT),
        ("latency_ms=2000", False, FailureClass.TIMEOUT),
    ],
)
async def test_a_broken_answer_has_a_class(
    provider: OpenAICompatible, dummy: Upstream, script: str, stream: bool, expected: FailureClass
) -> None:
    timeouts = SHORT if expected is FailureClass.TIMEOUT else Timeouts()
    failure = await failure_of_call(provider, dummy.call(script, stream=stream, timeouts=timeouts))
    assert failure.failure_class is expected
    assert failure.possibly_billed
    await whole(provider, dummy.call())  # the next call is not affected
    await eventually(lambda: dummy.observed.in_flight == 0)


async def test_what_came_before_the_cut_was_given(provider: OpenAICompatible, dummy: Upstream) -> None:
    answer = await provider.open(dummy.call("cut=3", stream=True))
    events = answer.events()
    received: list[bytes] = []
    while len(received) < 3:
        received += await anext(events)
    with pytest.raises(UpstreamFailure, match="before its answer was complete"):
        await anext(events)


async def test_a_stream_that_ends_well_formed_but_without_done_is_cut(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    verbatim.answer_with(STREAM, b"data: {}\n\n")
    assert await class_of_failure(provider, call_to(verbatim.url, stream=True)) is FailureClass.CUT


@pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b"data: [DONE]\n", b"data:[DONE]"])
async def test_done_counts_without_its_blank_line(
    provider: OpenAICompatible, verbatim: VerbatimServer, end: bytes
) -> None:
    verbatim.answer_with(STREAM, b"data: {}\r\n\r\n: ping\n\n" + end)
    assert await whole(provider, call_to(verbatim.url, stream=True)) == [b"{}"]


async def test_an_answer_that_ends_with_its_connection_is_complete(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    verbatim.answers.append(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{}")
    assert await whole(provider, call_to(verbatim.url)) == [b"{}"]


async def test_interim_answers_are_read_over(provider: OpenAICompatible, verbatim: VerbatimServer) -> None:
    verbatim.answer_with(f"HTTP/1.1 103 Early Hints\nlink: x\n\n{PLAIN}", b"{}")
    assert await whole(provider, call_to(verbatim.url)) == [b"{}"]


async def test_redirects_are_not_followed(
    provider: OpenAICompatible, verbatim: VerbatimServer, dummy: Upstream
) -> None:
    verbatim.answer_with(f"HTTP/1.1 307 Temporary Redirect\nlocation: {dummy.url}/chat/completions")
    assert await class_of_failure(provider, call_to(verbatim.url)) is FailureClass.INVALID_ANSWER
    assert dummy.observed.connections == 0


async def test_switching_protocols_is_no_answer(provider: OpenAICompatible, verbatim: VerbatimServer) -> None:
    verbatim.answers.append(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")
    assert await class_of_failure(provider, call_to(verbatim.url)) is FailureClass.INVALID_ANSWER


@pytest.mark.parametrize(
    "framing",
    ["content-length: 2\ntransfer-encoding: chunked", "content-length: 2\ncontent-length: 3", "content-length: -1"],
)
async def test_ambiguous_framing_is_refused(provider: OpenAICompatible, verbatim: VerbatimServer, framing: str) -> None:
    verbatim.answers.append(f"{PLAIN}\n{framing}\n\n{{}}".replace("\n", "\r\n").encode())
    assert await class_of_failure(provider, call_to(verbatim.url)) is FailureClass.INVALID_ANSWER


async def test_an_endless_head_is_refused(provider: OpenAICompatible, verbatim: VerbatimServer) -> None:
    verbatim.answers.append(b"HTTP/1.1 200 OK\r\n" + b"x-filler: y\r\n" * 10_000)
    assert await class_of_failure(provider, call_to(verbatim.url)) is FailureClass.INVALID_ANSWER


async def test_compressed_bodies_are_not_opened_even_where_they_are_small(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    verbatim.answer_with(f"{PLAIN}\ncontent-encoding: gzip", gzip.compress(b"{}"))
    assert await class_of_failure(provider, call_to(verbatim.url)) is FailureClass.INVALID_ANSWER


async def test_a_stream_that_trickles_is_ended_by_the_total_time(provider: OpenAICompatible, dummy: Upstream) -> None:
    timeouts = Timeouts(first_byte=5, idle=5, total=0.4)
    call = dummy.call("tokens=1000,interval_ms=20", stream=True, timeouts=timeouts)
    assert await class_of_failure(provider, call) is FailureClass.TIMEOUT
    await eventually(lambda: dummy.observed.aborted == 1)


async def test_a_refusal_whose_body_never_ends_still_has_its_class(
    provider: OpenAICompatible, verbatim: VerbatimServer
) -> None:
    verbatim.answer_with("HTTP/1.1 503 Service Unavailable", b"{", length=1000)
    call = call_to(verbatim.url, timeouts=SHORT)
    assert await class_of_failure(provider, call) is FailureClass.OVERLOADED


async def test_an_unfinished_handshake_was_sent_nothing(provider: OpenAICompatible, verbatim: VerbatimServer) -> None:
    call = call_to(verbatim.url.replace("http:", "https:"), timeouts=Timeouts(connect=0.2))
    failure = await failure_of_call(provider, call)
    assert failure.failure_class in (FailureClass.TIMEOUT_BEFORE_SEND, FailureClass.CONNECT_FAILED)
    assert not failure.sent
