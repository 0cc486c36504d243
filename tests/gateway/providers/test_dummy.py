"""The dummy does what its script says, in process as over HTTP."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.providers.base import FailureClass, Provider, Timeouts, UpstreamCall
from gateway.providers.dummy.plans import plan_of
from gateway.providers.dummy.provider import Dummy
from gateway.providers.dummy.script import Script, ScriptError, script_of
from gateway.providers.openai_compatible import OpenAICompatible
from tests.gateway.providers.upstreams import LOOPBACK, SHORT, Upstream, call_to, class_of_failure, whole


@pytest.fixture(params=["in process", "over HTTP"])
def either(request: pytest.FixtureRequest, provider: OpenAICompatible) -> Provider:
    return Dummy() if request.param == "in process" else provider


@pytest.mark.parametrize(
    ("request_fields", "script"),
    [
        ({}, Script()),
        ({"model": "dummy+tokens=5,interval_ms=2.5"}, Script(tokens=5, interval_ms=2.5)),
        ({"model": "dummy+tokens_per_second=50;echo=1"}, Script(interval_ms=20, echo=True)),
        ({"metadata": {"dummy": "status=429 retry_after=2"}}, Script(status=429, retry_after="2")),
        ({"model": "dummy+tokens=5", "metadata": {"dummy": "tokens=6"}}, Script(tokens=6)),
        (
            {"messages": [{"role": "system", "content": 'dummy: tool=f args={"a": 1, "b=": 2}'}]},
            Script(tool="f", args='{"a": 1, "b=": 2}'),
        ),
        ({"messages": [{"role": "user", "content": "dummy: status=500"}]}, Script()),
        ({"model": "dummy+usage=none,text=a%20b"}, Script(usage=None, text="a b")),
    ],
)
def test_a_script_is_read_from_the_request(request_fields: dict[str, Any], script: Script) -> None:
    assert script_of({"model": "dummy", "messages": []} | request_fields) == script


@pytest.mark.parametrize("word", ["tokns=5", "tokens=x", "tokens=-1", "latency_ms=inf", "status=99", "malformed=odd"])
def test_a_misspelt_word_is_refused(word: str) -> None:
    with pytest.raises(ScriptError):
        script_of({"model": f"dummy+{word}", "messages": []})
    assert plan_of(call_to("", word).body).status == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"messages":7}', b"\xff"])
def test_a_body_that_is_no_request_is_answered_with_400(body: bytes) -> None:
    assert plan_of(body).status == 400


async def test_the_same_request_gives_the_same_answer(either: Provider, dummy: Upstream) -> None:
    assert await whole(either, dummy.call()) == await whole(either, dummy.call())


async def test_both_forms_answer_alike(provider: OpenAICompatible, dummy: Upstream) -> None:
    for stream in (False, True):
        call = dummy.call("tokens=20,usage=3/20", stream=stream)
        assert await whole(provider, call) == await whole(Dummy(), call)


async def test_the_answer_ends_at_the_token_limit(either: Provider, dummy: Upstream) -> None:
    body = orjson.loads(dummy.call("tokens=50").body) | {"max_tokens": 3}
    [answer] = await whole(either, replace(dummy.call(), body=orjson.dumps(body)))
    completion = orjson.loads(answer)
    assert completion["choices"][0]["finish_reason"] == "length"
    assert completion["usage"]["completion_tokens"] == 3


async def test_it_can_echo(either: Provider, dummy: Upstream) -> None:
    [answer] = await whole(either, dummy.call("echo=1"))
    assert orjson.loads(answer)["choices"][0]["message"]["content"] == "hello"


@pytest.mark.parametrize(
    ("script", "stream", "expected"),
    [
        ("status=429", False, FailureClass.RATE_LIMITED),
        ("status=400,code=context_length_exceeded", True, FailureClass.CONTEXT_LENGTH),
        ("cut=0", False, FailureClass.CUT),
        ("cut=2", True, FailureClass.CUT),
        ("hang=0", False, FailureClass.TIMEOUT),
        ("hang=2", True, FailureClass.TIMEOUT),
        ("latency_ms=900", False, FailureClass.TIMEOUT),
        ("malformed=html", False, FailureClass.INVALID_ANSWER),
        ("malformed=error_event", True, FailureClass.SERVER_ERROR),
        ("malformed=error_200", False, FailureClass.SERVER_ERROR),
    ],
)
async def test_it_fails_as_the_script_says(
    either: Provider, dummy: Upstream, script: str, stream: bool, expected: FailureClass
) -> None:
    timeouts = SHORT if expected is FailureClass.TIMEOUT else Timeouts()
    assert await class_of_failure(either, dummy.call(script, stream=stream, timeouts=timeouts)) is expected


async def test_latency_and_interval_take_their_time(either: Provider, dummy: Upstream) -> None:
    started = asyncio.get_running_loop().time()
    await whole(either, dummy.call("latency_ms=60,interval_ms=20,tokens=4", stream=True))
    assert asyncio.get_running_loop().time() - started >= 0.13


async def test_it_serves_as_a_program(unused_tcp_port: int) -> None:
    root = Path(__file__).parents[3]
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.providers.dummy", "--port", str(unused_tcp_port)),
        stdout=asyncio.subprocess.PIPE,
        cwd=root,
        env={"PYTHONPATH": f"{root}:{root / 'platform'}"},
    )
    assert program.stdout is not None
    said = (await program.stdout.readline()).decode()
    provider = OpenAICompatible(LOOPBACK)
    call: UpstreamCall = call_to(said.split()[-1])
    assert len(await whole(provider, call)) == 1
    await provider.close()
    program.terminate()
    await program.wait()
