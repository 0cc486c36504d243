"""Giving the answer to the caller: whole, or event by event. The end is shown only when the outcome is durable."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import orjson

from gateway.exchange import counted, outcome, run, usage
from gateway.exchange.exchange import Exchange
from gateway.exchange.said import malformed
from gateway.providers.base import UpstreamFailure
from gateway.providers.failures import parse_answer
from gateway.routing.attempts import Attempt, failed
from kit import errors

_DATA, _END = b"data: ", b"\n\n"
_WRITTEN_DEPTH = 250  # levels that orjson writes for certain
DONE = b"data: [DONE]\n\n"


async def whole(exchange: Exchange) -> dict[str, Any]:
    """The upstream's answer under our id and the model's own name. Raises an `errors.ChanceryError`."""
    assert exchange.answer is not None
    try:
        body = await exchange.answer.read()
        exchange.answer_parts.append(body)
        answer = parse_answer(body)
        found = counted.reported(answer.get("usage"), answer.get("service_tier"))
        exchange.usage = found or usage.of_answer(exchange, body)
        exchange.said.hear(answer.get("choices"), "message")
        _check_depth(answer, body)
        outcome.note_completed(exchange)
        _hear_identity(exchange, answer)
    except UpstreamFailure as failure:
        told = _broken_off(exchange, failure)
        await run.fail(exchange, failure)
        raise told from failure
    except BaseException as failure:
        await run.fail(exchange, failure)
        raise
    exchange.timings.mark("upstream")
    await run.leave(exchange)
    exchange.timings.mark("settle")
    answer["id"] = completion_id(exchange)
    answer["model"] = model_name(exchange)
    return answer


class EventStream:
    """The events of an answer. Closing it settles the exchange, even where no event was ever asked for."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._events = events(exchange)
        self._started = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._started = True
        return self._events

    async def aclose(self) -> None:
        if self._started:
            await self._events.aclose()
        else:
            await run.fail(self._exchange, GeneratorExit())


async def events(exchange: Exchange) -> AsyncGenerator[bytes, None]:
    """The upstream's events as server-sent events; after a failure an error event in place of `[DONE]`."""
    assert exchange.answer is not None
    relay = _Relay(exchange)
    try:
        async for payloads in exchange.answer.events():
            for payload in payloads:
                relay.hear(payload)
            if relay.ready:
                if not exchange.timings.first_event_ms:
                    exchange.timings.first_event_ms = exchange.timings.elapsed_ms()
                yield relay.take()
        exchange.usage = exchange.usage or usage.received(exchange)
        outcome.note_completed(exchange)
    except UpstreamFailure as failure:
        told = _broken_off(exchange, failure)
        await run.fail(exchange, failure)
        yield relay.take() + error_event(told)
        return
    except BaseException as failure:
        try:
            await run.fail(exchange, failure)
        except errors.ChanceryError as cut_for:
            yield relay.take() + error_event(cut_for)
            return
        raise
    exchange.timings.mark("upstream")
    try:
        await run.leave(exchange)
    except errors.ChanceryError as unrecorded:
        exchange.failure_code = unrecorded.code
        yield error_event(unrecorded)
        return
    exchange.timings.mark("settle")
    yield DONE


class _Relay:
    """Makes of each of the upstream's events ours, and notes in the exchange what it says.

    Under our id and the model's own name; a count of tokens only where the caller asked for it. What arrived
    together is taken together: a write for each event would cost more than all else that is done with it.
    """

    __slots__ = ("_exchange", "_identified", "_identifier", "_name", "_wants_usage", "ready")

    def __init__(self, exchange: Exchange) -> None:
        self.ready: list[bytes] = []
        self._exchange = exchange
        self._identifier, self._name = completion_id(exchange), model_name(exchange)
        self._wants_usage = exchange.chat.include_usage
        self._identified = False

    def take(self) -> bytes:
        events = b"".join(self.ready)
        self.ready.clear()
        return events

    def hear(self, payload: bytes) -> None:
        exchange = self._exchange
        exchange.events += 1
        exchange.answer_parts.append(payload)
        chunk = _chunk(payload)
        if not self._identified and chunk.get("model"):  # each event says it; some first ones do not yet
            self._identified = True
            _hear_identity(exchange, chunk)
        choices = chunk.get("choices")
        usage_said = chunk.get("usage")
        if usage_said is not None:
            exchange.usage = counted.reported(usage_said, chunk.get("service_tier")) or exchange.usage
            if not self._wants_usage:
                if not choices:
                    return
                del chunk["usage"]
        if choices is None:
            if usage_said is None:
                return  # it says nothing, and callers expect choices of every event
            chunk["choices"] = []
        if choices:
            exchange.said.hear(choices, "delta")
        chunk["id"], chunk["model"] = self._identifier, self._name
        try:
            self.ready.append(_DATA + orjson.dumps(chunk) + _END)
        except orjson.JSONEncodeError:
            raise malformed() from None


def _hear_identity(exchange: Exchange, answer: dict[str, Any]) -> None:
    assert exchange.answered_by is not None
    exchange.services.identities.hear(exchange.answered_by.deployment.id, answer)


def _chunk(payload: bytes) -> dict[str, Any]:
    try:
        chunk = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise malformed() from None
    if type(chunk) is not dict:
        raise malformed()
    return chunk


def _check_depth(answer: dict[str, Any], body: bytes) -> None:
    """What is read may be nested deeper than can be written: that is known before the answer is taken for complete."""
    if body.count(b"{") + body.count(b"[") > _WRITTEN_DEPTH:
        try:
            orjson.dumps(answer)
        except orjson.JSONEncodeError:
            raise malformed() from None


def first_text(answer: dict[str, Any]) -> str:
    """The text of the first choice of a complete answer; empty where it has none."""
    for choice in answer["choices"]:
        content = (choice.get("message") or {}).get("content")
        if type(content) is str:
            return content
    return ""


def completion_id(exchange: Exchange) -> str:
    return f"chatcmpl-{exchange.request_id.hex}"


def model_name(exchange: Exchange) -> str:
    """The name of the model that answered, which is not the one asked for where a route or a fallback chose it."""
    assert exchange.answered_by is not None
    return exchange.answered_by.model.slug


def error_event(error: errors.ChanceryError) -> bytes:
    body = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return _DATA + orjson.dumps({"error": body}) + _END


def _broken_off(exchange: Exchange, failure: UpstreamFailure) -> errors.ChanceryError:
    """Notes that the attempt which had answered did not end well; gives what the caller is told."""
    attempt = exchange.attempts.pop()
    exchange.attempts.append(Attempt(attempt.candidate, attempt.duration_ms, failure))
    return failed(exchange.attempts)
