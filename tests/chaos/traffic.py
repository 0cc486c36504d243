"""Callers of every kind, who write down what they were told. Every prompt is its own, and the upstream repeats it: an
answer that was meant for somebody else, or that is not whole, is seen."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.chaos.history import Call, History

WORDS = "letter office register seal order reader permission copy archive clerk ink ribbon shelf drawer wax".split()
PATH = "/v1/chat/completions"
_SECONDS = 10.0
# What the web server itself says for a call that it cuts off, being asked to stop for the second time.
_CUT_OFF = b"Internal Server Error"
_EXPECTED = frozenset({402, 429, 502, 503, 504})
_FORBIDDING = frozenset({401, 403})

# Upstreams that fail, by the dummy's script; what is said of them is in `gateway/providers/dummy/script.py`.
FAILURES = (
    *("status=500", "status=429 retry_after=1", "status=200 malformed=error_200", "malformed=json", "malformed=html"),
    *("malformed=empty", "malformed=object", "malformed=error_event", "malformed=gzip", "malformed=oversized"),
    *("malformed=length", "malformed=http", "hang=0", "hang=3", "cut=3", "interval_ms=1000"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """`leaves_after`: the caller goes away after so many events of a stream."""

    organization: str
    key: str
    model: str = "helper"
    streams: bool = False
    script: str = ""
    leaves_after: int | None = None
    forbidden: bool = False


class Callers:
    """Calls through each gateway in turn."""

    def __init__(self, history: History, urls: list[str], seed: int) -> None:
        self._history = history
        self._clients = [httpx.AsyncClient(base_url=url, timeout=_SECONDS) for url in urls]
        self._turn = 0
        self._random = random.Random(seed)

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()

    @property
    def gateways(self) -> range:
        return range(len(self._clients))

    async def call(self, asked: Asked, gateway: int | None = None) -> Call:
        """Through the next gateway, or the one given."""
        if gateway is None:
            self._turn += 1
            gateway = self._turn % len(self._clients)
        kind = "stream" if asked.streams else "answer"
        call = self._history.invoke(asked.organization, gateway, kind, asked.script)
        call.forbidden = asked.forbidden
        prompt = " ".join(self._random.choices(WORDS, k=self._random.randint(6, 14)))
        body = {
            "model": asked.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": 24,
            "stream": asked.streams,
            "metadata": {"dummy": f"echo=1 {asked.script}".strip()},
        }
        request = self._clients[gateway].build_request(
            "POST", PATH, json=body, headers={"authorization": f"Bearer {asked.key}"}
        )
        try:
            async with asyncio.timeout(_SECONDS), _sent(self._clients[gateway], request) as answer:
                call.status, call.request_id = answer.status_code, answer.headers.get("x-request-id", "")
                if answer.status_code != 200:
                    _refused(call, await answer.aread())
                elif asked.streams:
                    await _stream(call, answer, prompt, asked.leaves_after)
                else:
                    call.cost_usd = answer.headers.get("x-chancery-cost-usd", "")
                    _whole(call, await answer.aread(), prompt)
        except (httpx.TransportError, TimeoutError):
            call.result = "unknown"
        call.ended_at = self._history.now()
        return call


@asynccontextmanager
async def _sent(client: httpx.AsyncClient, request: httpx.Request) -> AsyncIterator[httpx.Response]:
    answer = await client.send(request, stream=True)
    try:
        yield answer
    finally:
        await answer.aclose()


def _refused(call: Call, content: bytes) -> None:
    call.result = "error"
    try:
        call.code = json.loads(content)["error"]["code"]
    except (ValueError, KeyError, TypeError):
        if content == _CUT_OFF:
            call.result = "unknown"
        else:
            call.wrong = f"an error that is none: {content[:80]!r}"
        return
    expected = _EXPECTED | (_FORBIDDING if call.organization == "policy" else frozenset())
    if call.status not in expected:
        call.wrong = f"an unexpected {call.status} {call.code}"


def _whole(call: Call, content: bytes, prompt: str) -> None:
    call.result = "ok"
    try:
        said = json.loads(content)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError):
        call.wrong = f"a 200 that is no answer: {content[:80]!r}"
        return
    if said != prompt:
        call.wrong = "a 200 with another's answer, or half of its own"


async def _stream(call: Call, answer: httpx.Response, prompt: str, leaves_after: int | None) -> None:
    pieces: list[str] = []
    count = 0
    async for line in answer.aiter_lines():
        if not line.startswith("data: "):
            continue
        if line == "data: [DONE]":
            call.result = "ok"
            if "".join(pieces) != prompt:
                call.wrong = "a stream that ended well with another's answer, or half of its own"
            return
        event: dict[str, Any] = json.loads(line.removeprefix("data: "))
        if "error" in event:
            call.result, call.code = "error", str(event["error"].get("code"))
            return
        if "choices" not in event:
            call.wrong = f"an event that is none: {line[:80]}"
            return
        pieces += [choice["delta"].get("content") or "" for choice in event["choices"]]
        count += 1
        if leaves_after is not None and count >= leaves_after:
            call.code = "left"
            return
