"""The process around litellm: one start for all, every provider a server on loopback."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from gateway.providers.base import FailureClass, UpstreamCall
from gateway.providers.failures import parse_answer
from gateway.providers.hosted import Hosted
from tests.gateway.providers.upstreams import (
    Upstream,
    VerbatimServer,
    call_to,
    class_of_failure,
    eventually,
    failure_of_call,
    whole,
)

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])  # as the gateway; the process has a loop of its own

ROOT = Path(__file__).parents[3]
MODEL = "anthropic/claude-3-5-haiku-latest"
# As Anthropic's Messages API answers.
MESSAGE = orjson.dumps(
    {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-3-5-haiku-latest",
        "content": [{"type": "text", "text": "Good day."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 4, "cache_read_input_tokens": 0},
    }
)
MESSAGE_EVENTS = b"".join(
    b"event: %b\ndata: %b\n\n" % (event["type"].encode(), orjson.dumps(event))  # type: ignore[attr-defined]
    for event in (
        {
            "type": "message_start",
            "message": {
                "id": "msg_01",
                "type": "message",
                "role": "assistant",
                "model": "claude",
                "content": [],
                "stop_reason": None,
                "usage": {"input_tokens": 9, "output_tokens": 1},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Good"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " day."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    )
)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The socket and the log of a running hosted process that may reach 127.0.0.1 and nothing else that is private."""
    folder = tmp_path_factory.mktemp("hosted")
    path, log = folder / "hosted.sock", folder / "hosted.log"
    command = [sys.executable, "-m", "gateway.providers.hosted_process", "--socket", str(path)]
    with log.open("wb") as output:
        running = subprocess.Popen(
            [*command, "--allow-network", "127.0.0.1/32"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}", "OPENAI_API_KEY": "sk-from-environment"},
            stdout=output,
            stderr=output,
        )
    deadline = time.monotonic() + 60
    while not path.exists():
        assert running.poll() is None, log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield path, log
    running.terminate()
    assert running.wait(10) == 0


@pytest.fixture
async def hosted(process: tuple[Path, Path]) -> AsyncIterator[Hosted]:
    provider = Hosted(str(process[0]))
    yield provider
    await provider.close()


def through_openai(call: UpstreamCall) -> UpstreamCall:
    return replace(call, model=f"openai/{call.model}")


def to_anthropic(server: VerbatimServer, *, stream: bool = False) -> UpstreamCall:
    return replace(call_to(server.url.removesuffix("/v1"), stream=stream), model=MODEL)


async def test_a_plain_answer_of_another_dialect_is_translated(hosted: Hosted, verbatim: VerbatimServer) -> None:
    verbatim.answer_with("HTTP/1.1 200 OK\ncontent-type: application/json", MESSAGE)
    [body] = await whole(hosted, to_anthropic(verbatim))
    answer = parse_answer(body)
    assert answer["choices"][0]["message"]["content"] == "Good day."
    assert answer["usage"]["prompt_tokens"] == 9
    assert answer["usage"]["completion_tokens"] == 4
    assert verbatim.requests[0].startswith(b"POST /v1/messages ")
    assert b"x-api-key: sk-test" in verbatim.requests[0].lower()


async def test_a_stream_of_another_dialect_is_translated(hosted: Hosted, verbatim: VerbatimServer) -> None:
    verbatim.answer_with("HTTP/1.1 200 OK\ncontent-type: text/event-stream", MESSAGE_EVENTS)
    events = [orjson.loads(event) for event in await whole(hosted, to_anthropic(verbatim, stream=True))]
    deltas = [choice["delta"].get("content") or "" for event in events for choice in event["choices"]]
    assert "".join(deltas) == "Good day."
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["completion_tokens"] == 4


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("status=401", FailureClass.AUTH_FAILED),
        ("status=400,code=context_length_exceeded", FailureClass.CONTEXT_LENGTH),
        ("status=429,retry_after=7", FailureClass.RATE_LIMITED),
        ("status=500", FailureClass.SERVER_ERROR),
        ("malformed=json", FailureClass.SERVER_ERROR),
    ],
)
async def test_the_providers_refusals_keep_their_class(
    hosted: Hosted, dummy: Upstream, script: str, expected: FailureClass
) -> None:
    for stream in (False, True) if "malformed" not in script else (False,):
        assert await class_of_failure(hosted, through_openai(dummy.call(script, stream=stream))) is expected
    assert dummy.observed.requests <= 2  # nothing is tried again behind the gateway's back


async def test_a_stream_that_breaks_off_is_no_complete_answer(hosted: Hosted, dummy: Upstream) -> None:
    call = through_openai(dummy.call("cut=3", stream=True))
    assert (await failure_of_call(hosted, call)).failure_class in (FailureClass.SERVER_ERROR, FailureClass.CUT)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reader_that_leaves_stops_the_provider(hosted: Hosted, dummy: Upstream, stream: bool) -> None:
    script = "tokens=5000,interval_ms=5"
    opening = asyncio.create_task(hosted.open(through_openai(dummy.call(script, stream=stream))))
    await eventually(lambda: dummy.observed.in_flight == 1, seconds=5)
    if stream:
        answer = await opening
        await anext(answer.events())
        await answer.close()
    else:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
    await eventually(lambda: dummy.observed.aborted == 1, seconds=3)  # two processes, and litellm between


async def test_private_addresses_are_out_of_reach(hosted: Hosted) -> None:
    for host in ("10.0.0.1", "169.254.169.254", "127.0.0.2", "[::ffff:127.0.0.1]"):
        call = through_openai(call_to(f"http://{host}:9/v1"))
        assert await class_of_failure(hosted, call) is FailureClass.SERVER_ERROR


async def test_redirects_are_not_followed(hosted: Hosted, verbatim: VerbatimServer, dummy: Upstream) -> None:
    verbatim.answer_with(f"HTTP/1.1 307 Temporary Redirect\nlocation: {dummy.url}/chat/completions")
    await failure_of_call(hosted, to_anthropic(verbatim))
    assert dummy.observed.requests == 0


async def test_pictures_are_not_fetched(hosted: Hosted, verbatim: VerbatimServer) -> None:
    call = to_anthropic(verbatim)
    picture = {"type": "image_url", "image_url": {"url": f"{verbatim.url}/a.png"}}
    request = orjson.loads(call.body) | {"messages": [{"role": "user", "content": [picture]}]}
    failure = await failure_of_call(hosted, replace(call, body=orjson.dumps(request)))
    assert failure.failure_class is FailureClass.BAD_REQUEST
    assert verbatim.connections == 0


async def test_a_field_the_provider_does_not_have_is_refused_not_dropped(
    hosted: Hosted, verbatim: VerbatimServer
) -> None:
    call = to_anthropic(verbatim)
    request = orjson.loads(call.body) | {"frequency_penalty": 1.0}
    failure = await failure_of_call(hosted, replace(call, body=orjson.dumps(request)))
    assert failure.failure_class is FailureClass.BAD_REQUEST
    assert failure.error is not None
    assert "frequency_penalty" in failure.error.message


async def test_a_key_in_the_environment_is_not_used(hosted: Hosted, verbatim: VerbatimServer) -> None:
    call = through_openai(call_to(verbatim.url, credential=""))
    await failure_of_call(hosted, call)
    assert b"sk-from-environment" not in b"".join(verbatim.requests)


async def test_internal_headers_cannot_be_brought_from_outside(hosted: Hosted, dummy: Upstream) -> None:
    call = replace(dummy.call(), headers=(("X-Chancery-Upstream-Model", "openai/other"), ("x-label", "a")))
    [body] = await whole(hosted, through_openai(call))
    assert orjson.loads(body)["model"] == "dummy"


async def test_only_the_owner_can_use_the_socket(process: tuple[Path, Path]) -> None:
    assert stat.S_IMODE(process[0].stat().st_mode) == 0o600


async def test_nothing_of_a_request_is_logged(
    process: tuple[Path, Path], hosted: Hosted, verbatim: VerbatimServer
) -> None:
    verbatim.answer_with("HTTP/1.1 400 Bad Request\ncontent-type: application/json", b'{"error":{"message":"hello"}}')
    await failure_of_call(hosted, to_anthropic(verbatim))
    text = process[1].read_text()
    assert "hello" not in text
    assert "sk-test" not in text


async def test_without_a_hosted_process_there_is_no_connection() -> None:
    assert await class_of_failure(Hosted(None), call_to("")) is FailureClass.CONNECT_FAILED
