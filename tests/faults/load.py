"""Callers that keep calling whatever happens, and remember what they were told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import httpx

from tests.support.stack import Stack

BODY = {
    "model": "helper",
    "messages": [{"role": "user", "content": "Hello"}],
    "max_tokens": 64,
    "metadata": {"dummy": "tokens=8 latency_ms=30"},
}
STREAM = {**BODY, "stream": True, "metadata": {"dummy": "tokens=8 latency_ms=10 interval_ms=5"}}
CALLERS = 12
BEFORE_SECONDS = 2.0
REFUSALS = (502, 503)
_PAUSE_SECONDS = 0.05


@dataclass(slots=True)
class Acknowledged:
    """`complete`: the calls whose answer came to its end, with the cost in USD where it was told (a stream begins
    before it is known). `broken`: connections that ended in the middle. `unexpected`: what should never be said."""

    complete: dict[UUID, Decimal | None] = field(default_factory=dict)
    answers: int = 0
    streams: int = 0
    refused: int = 0
    broken: int = 0
    served_after: int = 0
    unexpected: list[str] = field(default_factory=list)


async def during(stack: Stack, seconds: float, *acts: Callable[[], object]) -> Acknowledged:
    """Calls for so long, half of them for streams; does the acts in the midst of it, one after the other."""
    seen = Acknowledged()
    until = time.monotonic() + seconds
    killed = asyncio.Event()

    async def caller(call: Callable[[httpx.AsyncClient, Acknowledged], Awaitable[None]]) -> None:
        while time.monotonic() < until:
            before = len(seen.complete)
            try:
                await call(client, seen)
            except httpx.TransportError:
                seen.broken += 1
            if len(seen.complete) == before:
                await asyncio.sleep(_PAUSE_SECONDS)
            elif killed.is_set():
                seen.served_after += 1

    async with httpx.AsyncClient(base_url=stack.url, headers=stack.headers, timeout=20) as client:
        calls = [asyncio.create_task(caller(_stream if number % 2 else _answer)) for number in range(CALLERS)]
        for act in acts:
            await asyncio.sleep(BEFORE_SECONDS)
            act()
        killed.set()
        await asyncio.gather(*calls)
    return seen


async def _answer(client: httpx.AsyncClient, seen: Acknowledged) -> None:
    answer = await client.post("/v1/chat/completions", json=BODY)
    if answer.status_code == 200:
        seen.complete[_id_of(answer)] = Decimal(answer.headers["x-chancery-cost-usd"])
        seen.answers += 1
    else:
        _refused(seen, answer.status_code, answer.text)


async def _stream(client: httpx.AsyncClient, seen: Acknowledged) -> None:
    async with client.stream("POST", "/v1/chat/completions", json=STREAM) as answer:
        if answer.status_code != 200:
            _refused(seen, answer.status_code, (await answer.aread()).decode())
            return
        async for line in answer.aiter_lines():
            if line == "data: [DONE]":
                seen.complete[_id_of(answer)] = None
                seen.streams += 1
            elif line.startswith('data: {"error"'):
                seen.refused += 1


def _id_of(answer: httpx.Response) -> UUID:
    return UUID(answer.headers["x-request-id"])


def _refused(seen: Acknowledged, status: int, text: str) -> None:
    seen.refused += 1
    if status not in REFUSALS:
        seen.unexpected.append(f"{status} {text}")
