"""Callers with connections that they keep, as SDKs do: half ask for whole answers, half hold streams open. None tries
again: what fails is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx

from tests.support.stack import Stack

ASKED = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 256}
ANSWER = {**ASKED, "metadata": {"dummy": "tokens=8 latency_ms=20"}}
STREAM = {**ASKED, "stream": True, "metadata": {"dummy": "tokens=40 latency_ms=20 interval_ms=50"}}
PAUSE_SECONDS = 0.02


@dataclass(slots=True)
class Seen:
    """`failures` in words: a connection that broke, another status than 200, a stream without its end."""

    answers: int = 0
    streams: int = 0
    events: int = 0
    slowest_seconds: float = 0.0
    failures: list[str] = field(default_factory=list)


async def during(stack: Stack, callers: int, act: Callable[[], Awaitable[object]]) -> Seen:
    """Calls for as long as the act takes, and to the end of what was begun."""
    seen, over = Seen(), asyncio.Event()

    async def keep_calling(number: int) -> None:
        call = _stream if number % 2 else _answer
        async with httpx.AsyncClient(base_url=stack.url, headers=stack.headers, timeout=60) as client:
            while not over.is_set():
                began = time.monotonic()
                try:
                    await call(client, seen)
                except httpx.TransportError as failure:
                    seen.failures.append(f"{call.__name__.strip('_')}: {type(failure).__name__} {failure}")
                seen.slowest_seconds = max(seen.slowest_seconds, time.monotonic() - began)
                await asyncio.sleep(PAUSE_SECONDS)

    calling = [asyncio.create_task(keep_calling(number)) for number in range(callers)]
    try:
        await act()
    finally:
        over.set()
        await asyncio.gather(*calling)
    return seen


async def _answer(client: httpx.AsyncClient, seen: Seen) -> None:
    answer = await client.post("/v1/chat/completions", json=ANSWER)
    if answer.status_code == 200:
        seen.answers += 1
    else:
        seen.failures.append(f"answer: {answer.status_code} {answer.text[:200]}")


async def _stream(client: httpx.AsyncClient, seen: Seen) -> None:
    async with client.stream("POST", "/v1/chat/completions", json=STREAM) as answer:
        if answer.status_code != 200:
            seen.failures.append(f"stream: {answer.status_code} {(await answer.aread())[:200].decode()}")
            return
        lines = [line async for line in answer.aiter_lines() if line]
    seen.events += len(lines)
    if lines and lines[-1] == "data: [DONE]":
        seen.streams += 1
    else:
        seen.failures.append(f"stream: ended with {lines[-1:]}")
