"""The bodies of the inference operations as JSON Schema (draft 2020-12, as OpenAPI 3.1 uses it), for the docs.

They describe what `read_chat` and `read_generate` accept; a test holds each against the other.
"""

from __future__ import annotations

from gateway.wire import json_schema as parts
from gateway.wire import usage
from gateway.wire.chat import MAX_CHOICES
from gateway.wire.generate import (
    DEFAULT_LIMITS,
    DEFAULT_PIPELINE,
    DEFAULT_PRIORITY,
    DEFAULT_TEMPERATURE,
    DEFAULT_TIER,
    PIPELINES,
)
from gateway.wire.json_schema import Schema

_TAG = "[A-Za-z0-9_.:-]{1,40}"
_TAGS: Schema = {
    "description": "What the call's cost is told apart by; as text, separated by commas.",
    "anyOf": [
        {"type": "string", "pattern": f"^{_TAG}(,{_TAG}){{0,7}}$"},
        parts.array_of({"type": "string", "pattern": f"^{_TAG}$"}, minItems=1, maxItems=8),
    ],
}

_SAMPLING: Schema = {
    "frequency_penalty": parts.PENALTY,
    "presence_penalty": parts.PENALTY,
    "top_p": parts.number(0, 1),
    "seed": {"type": "integer"},
    "stop": {"anyOf": [parts.TEXT, parts.array_of(parts.TEXT)]},
    "logit_bias": {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]{1,8}$"},
        "additionalProperties": parts.number(-100, 100),
    },
    "logprobs": parts.FLAG,
    "top_logprobs": parts.integer(0, 20),
    "reasoning_effort": parts.TEXT,
    "verbosity": parts.TEXT,
    "parallel_tool_calls": parts.FLAG,
    "tool_choice": parts.CHOICE,
    "metadata": {
        "type": "object",
        "description": "Members `x-chancery-*` are hints for Chancery and are not forwarded; their values are strings.",
        "properties": {"tags": parts.optional(_TAGS)},
    },
}


def _properties(required: Schema, optional: Schema) -> Schema:
    return {**required, **{name: parts.optional(schema) for name, schema in optional.items()}}


CHAT_REQUEST: Schema = parts.object_of(
    _properties(
        {
            "model": {"type": "string", "minLength": 1, "description": "A model or route available to the key."},
            "messages": parts.array_of(parts.MESSAGE, minItems=1),
        },
        {
            **_SAMPLING,
            "temperature": parts.number(0, 2),
            "max_completion_tokens": parts.integer(
                1, description="Output bound of one answer; what is held for the call."
            ),
            "max_tokens": parts.integer(
                1, deprecated=True, description="Older name. Not beside max_completion_tokens."
            ),
            "n": parts.integer(1, MAX_CHOICES, default=1, description="Multiplies what is held for the call."),
            "stream": {"type": "boolean", "default": False},
            "stream_options": parts.object_of(
                {"include_usage": parts.optional(parts.FLAG), "include_obfuscation": parts.optional(parts.FLAG)}
            ),
            "tools": parts.array_of(parts.TOOL),
            "functions": {**parts.array_of(parts.FUNCTION), "deprecated": True},
            "function_call": {**parts.CHOICE, "deprecated": True},
            "response_format": parts.RESPONSE_FORMAT,
            "modalities": {"const": ["text"], "description": "Audio has no price here."},
            "service_tier": {"enum": ["auto", "default"], "description": "Other tiers have no price here."},
            "prompt_cache_key": parts.TEXT,
            "safety_identifier": parts.TEXT,
            "store": parts.FLAG,
            "user": parts.TEXT,
        },
    ),
    ("model", "messages"),
    title="ChatCompletionRequest",
    description="Members that are not listed are forwarded by value and inspected as text.",
)

GENERATE_REQUEST: Schema = parts.object_of(
    _properties(
        {},
        {
            **_SAMPLING,
            "prompt": {
                "type": "string",
                "minLength": 1,
                "maxLength": DEFAULT_LIMITS.prompt_characters,
                "description": "Either this or `messages`.",
            },
            "messages": parts.array_of(parts.MESSAGE, minItems=1),
            "pipeline": {"enum": sorted(PIPELINES), "default": DEFAULT_PIPELINE},
            "model": {**parts.NAME, "description": "A model or route; chosen by tier where none is named."},
            "tier_preference": {**parts.NAME, "default": DEFAULT_TIER},
            "complexity": {"anyOf": [parts.NAME, parts.number(0, 1)]},
            "use_case": parts.NAME,
            "user_id": {**parts.NAME, "description": "Whom the application calls for."},
            "team_id": {**parts.NAME, "description": "Must be the team of the key."},
            "priority": {
                **parts.integer(1, 10, default=DEFAULT_PRIORITY),
                "description": "Waits for a moment where a limit refuses it, the most urgent first (10).",
            },
            "collection": parts.NAME,
            "tools": parts.array_of(parts.TOOL),
            "max_tokens": parts.integer(1, DEFAULT_LIMITS.max_tokens, default=DEFAULT_LIMITS.default_max_tokens),
            "temperature": parts.number(0, 2, default=DEFAULT_TEMPERATURE),
            "response_format": parts.RESPONSE_FORMAT,
        },
    ),
    title="GenerateRequest",
    description="The limits shown are the defaults; a use case may have its own.",
)

GENERATE_RESPONSE: Schema = parts.object_of(
    {
        "request_id": {"type": "string", "format": "uuid"},
        "content": parts.TEXT,
        "citations": parts.array_of(parts.OBJECT),
        "steps": parts.array_of(parts.OBJECT),
        "model_used": parts.TEXT,
        "pipeline_used": {"enum": sorted(PIPELINES - {"auto"})},
        "tier_used": parts.TEXT,
        "complexity": parts.optional(parts.TEXT),
        "tokens_in": parts.integer(0),
        "tokens_out": parts.integer(0),
        "latency_ms": parts.integer(0),
        "cached": parts.FLAG,
        "cost_usd": {
            "type": "string",
            "description": "US dollars as a decimal number, exact to the nano-dollar.",
        },
        "fallback_level": parts.integer(0, description="How many deployments failed before the one that answered."),
    },
    title="GenerateResponse",
)

ERROR: Schema = parts.object_of(
    {
        "error": parts.object_of(
            {"message": parts.TEXT, "type": parts.TEXT, "param": parts.optional(parts.TEXT), "code": parts.TEXT},
            ("message", "type", "param", "code"),
        )
    },
    ("error",),
    title="Error",
)
CHAT_RESPONSE: Schema = parts.object_of(
    {
        "id": parts.TEXT,
        "object": {"const": "chat.completion"},
        "created": {"type": "integer"},
        "model": parts.TEXT,
        "choices": parts.array_of(parts.OBJECT),
        "usage": parts.OBJECT,
    },
    title="ChatCompletion",
    description="As OpenAI's reference describes it.",
)

_DEPRECATION: Schema = parts.object_of(
    {"deprecated": parts.integer(0), "sunset": parts.integer(0), "successor": parts.optional(parts.TEXT)},
    ("deprecated", "sunset", "successor"),
    description="When it was announced, and when calls end, in seconds since the epoch. Answers of the model say so in "
    "the headers `Deprecation`, `Sunset` and `Link`.",
)
MODEL: Schema = parts.object_of(
    {
        "id": parts.TEXT,
        "object": {"const": "model"},
        "created": parts.integer(0),
        "owned_by": parts.TEXT,
        "tier": parts.TEXT,
        "status": {
            "type": "string",
            "description": "`approved`, `break_glass` in an emergency, `deprecated` while calls are answered still, "
            "`retired`, or the code of the refusal a call would meet now.",
        },
        "fallback_chain": parts.array_of(parts.TEXT),
        "context_window": parts.integer(1),
        "max_output_tokens": parts.integer(1),
        "deprecation": parts.optional(_DEPRECATION),
    },
    ("id", "object", "created", "owned_by", "status"),
    title="Model",
)


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _operation(request: Schema, answer: Schema) -> Schema:
    return {
        "requestBody": {"required": True, "content": _json(request)},
        "responses": _responses(answer, 400, 401, 402, 403, 404, 413, 429, 502, 503, 504),
    }


def _responses(answer: Schema, *refusals: int) -> dict[int, Schema]:
    error = {"description": "An error; `code` is stable.", "content": _json(ERROR)}
    return {200: {"description": "The answer.", "content": answer}, **dict.fromkeys(refusals, error)}  # as Ninja's own


SECURITY_SCHEMES: Schema = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of a registered issuer."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
SECURITY: list[Schema] = [{name: []} for name in SECURITY_SCHEMES]

CHAT_COMPLETIONS = _operation(
    CHAT_REQUEST, {**_json(CHAT_RESPONSE), "text/event-stream": {"schema": {"type": "string"}}}
)
GENERATE = _operation(GENERATE_REQUEST, _json(GENERATE_RESPONSE))
MODELS: Schema = {
    "responses": _responses(
        _json(parts.object_of({"object": {"const": "list"}, "data": parts.array_of(MODEL)}, ("object", "data"))),
        *(401, 403, 413, 503),
    )
}
MODEL_NAMED: Schema = {"responses": _responses(_json(MODEL), 401, 403, 404, 413, 503)}
COST_REPORT: Schema = {"responses": _responses(_json(usage.COST_REPORT), 401, 403, 404, 413, 429, 503)}
USAGE: Schema = {
    "parameters": usage.QUERY,
    "responses": _responses(_json(usage.USAGE), 400, 401, 403, 404, 413, 429, 503),
}
