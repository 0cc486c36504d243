"""What is sent and what is answered: one realistic chat, so that every target parses and forwards the same bytes."""

from __future__ import annotations

import json

MODEL = "gpt-4o-mini"
# Targets that choose an upstream by model name stream this one from the server that can.
STREAM_MODEL = "gpt-4o-mini-stream"
ANSWER_TEXT = (
    "Your parcel left our warehouse on Tuesday evening and is with the carrier. Delivery is planned for Thursday "
    "between nine and noon; you can change the time slot until the evening before with the link in your confirmation."
)
_SYSTEM = (
    "You are the support assistant of a mail-order bookshop. Answer in plain sentences, at most five of them, and only "
    "from what you were told. If an order number is missing, ask for it. Never promise a refund; offer to pass the "
    "case on to a colleague instead. Opening hours are Monday to Friday, eight to six; returns close at four."
)
_EARLIER = (
    "Thank you for writing to us. I found your order: two hardbacks and a calendar, paid in full and packed on Monday. "
    "Is there anything in particular you would like to know about it?"
)
_QUESTION = (
    "Yes, please. The tracking page has not moved since the weekend and I need the calendar before Friday, because it "
    "is a present. Where is the parcel now, when will it come, and can I still change the delivery to the afternoon?"
)


def chat(model: str = MODEL, *, stream: bool = False) -> bytes:
    """The body of a chat completion request: three messages, about 1 KB."""
    body: dict[str, object] = {
        "model": model,
        "messages": [
            {"role": "system", "content": _SYSTEM},
            {"role": "assistant", "content": _EARLIER},
            {"role": "user", "content": _QUESTION},
        ],
        "temperature": 0.3,
        "max_tokens": 256,
    }
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(body).encode()


def answer() -> bytes:
    """The upstream's whole answer, about 600 bytes."""
    return json.dumps(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": 1_760_000_000,
            "model": MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": ANSWER_TEXT, "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": _usage(completion_tokens=48),
            "system_fingerprint": "fp_bench",
        }
    ).encode()


def events(count: int) -> list[bytes]:
    """The upstream's stream as server-sent events: role, `count` pieces of text, finish, usage, `[DONE]`."""
    words = ANSWER_TEXT.split()
    pieces = [f" {words[index % len(words)]}" for index in range(count)]
    payloads = [
        _chunk({"role": "assistant", "content": ""}),
        *(_chunk({"content": piece}) for piece in pieces),
        _chunk({}, finish_reason="stop"),
        _chunk(None, usage=_usage(completion_tokens=count)),
    ]
    return [*(b"data: " + json.dumps(payload).encode() + b"\n\n" for payload in payloads), b"data: [DONE]\n\n"]


def _chunk(
    delta: dict[str, str] | None, *, finish_reason: str | None = None, usage: dict[str, int] | None = None
) -> dict[str, object]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]
    return {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": MODEL,
        "system_fingerprint": "fp_bench",
        "choices": choices,
        "usage": usage,
    }


def _usage(*, completion_tokens: int) -> dict[str, int]:
    prompt_tokens = 236
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
