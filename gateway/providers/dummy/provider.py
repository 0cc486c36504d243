"""The dummy in process: the provider kind `dummy`. Same scripts, no socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from gateway.providers.base import FailureClass, UpstreamAnswer, UpstreamCall, UpstreamFailure
from gateway.providers.dummy.plans import Plan, plan_of
from gateway.providers.failures import failure_in_event, failure_of, invalid_answer

# What only exists on the wire fails as the HTTP client would have it.
_WIRE_ONLY = frozenset({"html", "gzip", "oversized", "length", "http"})


class Dummy:
    async def open(self, call: UpstreamCall) -> UpstreamAnswer:
        plan = plan_of(call.body)
        if plan.script.hang == 0 or (plan.script.hang is not None and plan.events is None):
            await _time_out(call.timeouts.first_byte)
        await asyncio.sleep(min(plan.wait_seconds, call.timeouts.first_byte))
        if plan.wait_seconds > call.timeouts.first_byte:
            await _time_out(0)
        if plan.status != 200:
            headers = {"retry-after": plan.script.retry_after} if plan.script.retry_after else {}
            raise failure_of(plan.status, headers, plan.body)
        if plan.script.malformed in _WIRE_ONLY:
            raise invalid_answer(f"the dummy was asked for a malformed answer ({plan.script.malformed})", 200)
        return _DummyAnswer(plan, call.timeouts.idle)

    async def close(self) -> None:
        """Nothing is held open."""


class _DummyAnswer:
    status = 200

    def __init__(self, plan: Plan, idle_seconds: float) -> None:
        self._plan = plan
        self._idle_seconds = idle_seconds

    @property
    def headers(self) -> Mapping[str, str]:
        return {"content-type": "application/json" if self._plan.events is None else "text/event-stream"}

    async def read(self) -> bytes:
        body, script = self._plan.body, self._plan.script
        if script.cut is not None:
            raise _cut()
        if failure := failure_in_event(body, 200):
            raise failure
        if script.malformed in ("empty", "object"):
            return b"" if script.malformed == "empty" else b"[]"
        return body[:-9] if script.malformed == "json" else body

    async def events(self) -> AsyncIterator[list[bytes]]:
        script = self._plan.script
        for number, payload in enumerate(self._plan.events or ()):
            if number == script.cut or script.malformed in ("empty", "object"):
                raise _cut()
            if number == script.hang:
                await _time_out(self._idle_seconds)
            await asyncio.sleep(script.interval_ms / 1000)
            if failure := failure_in_event(payload, 200):
                raise failure
            yield [payload[:-9] if script.malformed == "json" and number else payload]

    async def close(self) -> None:
        """Nothing goes on without its reader."""


async def _time_out(seconds: float) -> None:
    await asyncio.sleep(seconds)
    raise UpstreamFailure(FailureClass.TIMEOUT, "the dummy was asked not to answer in time")


def _cut() -> UpstreamFailure:
    return UpstreamFailure(FailureClass.CUT, "the dummy was asked to cut its answer", status=200)
