"""`POST /v1/chat/completions`, as OpenAI's SDKs speak it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from gateway.api import headers
from gateway.api.calls import call_model, event_reply, json_reply
from gateway.api.replies import Reply
from gateway.exchange import answer
from gateway.exchange.exchange import Exchange
from gateway.wire import openapi
from gateway.wire.chat import read_chat

router = Router(tags=["chat"])


@router.post(
    "/chat/completions",
    operation_id="create_chat_completion",
    openapi_extra=openapi.CHAT_COMPLETIONS,
    summary="Create a chat completion",
)
async def create_chat_completion(request: HttpRequest) -> Any:
    return await call_model(request, read_chat, _give)


async def _give(exchange: Exchange) -> Reply:
    if exchange.chat.stream:
        return event_reply(exchange)
    completion = await answer.whole(exchange)
    return json_reply(completion, headers.of(exchange))
