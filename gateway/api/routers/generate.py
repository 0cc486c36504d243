"""`POST /v1/generate`: a prompt in, an answer with its cost and provenance out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from gateway.api import headers
from gateway.api.calls import call_model, json_reply
from gateway.api.replies import Reply
from gateway.exchange import answer
from gateway.exchange.exchange import Exchange
from gateway.wire import openapi
from gateway.wire.generate import read_generate
from kit import money

router = Router(tags=["generate"])


@router.post("/generate", operation_id="generate", openapi_extra=openapi.GENERATE, summary="Generate an answer")
async def generate(request: HttpRequest) -> Any:
    return await call_model(request, read_generate, _give)


async def _give(exchange: Exchange) -> Reply:
    completion = await answer.whole(exchange)
    return json_reply(_result(exchange, completion), headers.of(exchange))


def _result(exchange: Exchange, completion: dict[str, Any]) -> dict[str, Any]:
    assert exchange.usage is not None
    assert exchange.answered_by is not None
    return {
        "request_id": str(exchange.request_id),
        "content": answer.first_text(completion),
        "citations": [],
        "steps": [],
        "model_used": exchange.answered_by.model.slug,
        "pipeline_used": exchange.pipeline,
        "tier_used": exchange.answered_by.model.tier,
        "complexity": None,
        "tokens_in": exchange.usage.input_tokens,
        "tokens_out": exchange.usage.output_tokens,
        "latency_ms": int(exchange.timings.elapsed_ms()),
        "cached": False,
        "cost_usd": money.plain(exchange.cost_nano_usd),
        "fallback_level": len(exchange.attempts) - 1,
    }
