"""One question to a model, on the way that every call takes: approved, inspected, limited, held, recorded, paid."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from gateway.caller import Caller
from gateway.exchange import answer, run
from gateway.exchange.exchange import Exchange
from gateway.exchange.stages.authenticate import by_key_id, require_scope
from gateway.exchange.stages.record import record_refusal
from gateway.exchange.suspended import require_in_service
from gateway.services import Services
from gateway.wire.chat import read_chat
from kit.errors import ChanceryError
from kit.ids import new_id

MOST_OUTPUT_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Question:
    model: str
    prompt: str
    organization_id: UUID
    api_key_id: UUID


@dataclass(frozen=True, slots=True)
class Answer:
    request_id: UUID
    text: str


async def ask(services: Services, question: Question) -> Answer:
    """The text of the answer. Raises `errors.ChanceryError` where the call is refused or fails, as its caller hears."""
    request_id = new_id()
    caller: Caller | None = None
    exchange: Exchange | None = None
    try:
        caller = by_key_id(services, question.api_key_id, question.organization_id)
        require_scope(caller, "inference")
        require_in_service(services.snapshot, caller)
        body = _body(question)
        exchange = Exchange(
            services, request_id, {}, caller, read_chat(body), orjson.dumps(body), task=asyncio.current_task()
        )
        await run.open_exchange(exchange)
        return Answer(request_id, answer.first_text(await answer.whole(exchange)))
    except ChanceryError as refused:
        if caller is not None:
            await record_refusal(services, request_id, caller, refused.code, exchange)
        raise


def _body(question: Question) -> dict[str, Any]:
    return {
        "model": question.model,
        "messages": [{"role": "user", "content": question.prompt}],
        "temperature": 0,
        "max_tokens": MOST_OUTPUT_TOKENS,
    }
