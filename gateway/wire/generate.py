"""`POST /v1/generate`: a prompt or messages and what is preferred, read into the form of a chat.

Members that are OpenAI's own (`top_p`, `stop`, ...) and members nobody knows travel on in the chat's body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from gateway.wire import fields
from gateway.wire.chat import ChatRequest, read_chat

PIPELINES = frozenset({"auto", "direct", "rag", "agent"})
DEFAULT_PIPELINE = "auto"
DEFAULT_PRIORITY = 5
DEFAULT_TIER = "standard"
DEFAULT_TEMPERATURE = 0.3


@dataclass(frozen=True, slots=True)
class GenerateLimits:
    """What a use case allows: characters of all messages together, and tokens of output."""

    prompt_characters: int = 32_000
    default_max_tokens: int = 1_024
    max_tokens: int = 4_096


DEFAULT_LIMITS = GenerateLimits()


def read_generate(body: dict[str, Any], *, limits: GenerateLimits = DEFAULT_LIMITS) -> ChatRequest:
    """A generate body. `model` of the result is empty where none was named: routing chooses then.

    `pipeline` and `team_id` are set; the tier, complexity, priority, use case and collection are hints.
    Raises `errors.InvalidRequest` with the path of the field at fault.
    """
    for key, value in body.items():
        check = OWN_FIELDS.get(key)
        if check is not None and value is not None:
            check(value, key)
    if body.get("stream"):
        raise fields.unsupported("stream", "an answer of this operation comes in one piece; use chat/completions")
    chat = read_chat(_chat_body(body, limits))
    _check_prompt_size(chat, body, limits)
    return replace(
        chat,
        model="" if body.get("model") is None else chat.model,
        hints={**_hints(body), **(chat.hints or {})},
        pipeline=body.get("pipeline") or DEFAULT_PIPELINE,
        team_id=body.get("team_id"),
    )


def _chat_body(body: dict[str, Any], limits: GenerateLimits) -> dict[str, Any]:
    chat = {key: value for key, value in body.items() if key not in OWN_FIELDS and value is not None}
    chat["model"] = chat.get("model", DEFAULT_PIPELINE)
    chat["messages"] = _messages(body)
    if "max_completion_tokens" in chat:
        raise fields.unsupported("max_completion_tokens", "this operation calls it max_tokens")
    chat.setdefault("max_tokens", limits.default_max_tokens)
    fields.integer(chat["max_tokens"], "max_tokens", 1, limits.max_tokens)
    chat.setdefault("temperature", DEFAULT_TEMPERATURE)
    if body.get("user_id") is not None:
        chat.setdefault("user", body["user_id"])
    if "tools" in chat:
        chat["tools"] = _definitions(chat["tools"], body.get("pipeline"))
    return chat


def _definitions(listed: Any, pipeline: str | None) -> list[Any] | None:
    """The tools that are defined in place. Registered tools are named, by a string, and only an agent runs them."""
    names = [position for position, tool in enumerate(fields.listing(listed, "tools")) if type(tool) is str]
    if names and pipeline != "agent":
        raise fields.invalid(f"tools[{names[0]}]", "only the pipeline 'agent' takes tools by name")
    return [tool for tool in listed if type(tool) is not str] or None


def _messages(body: dict[str, Any]) -> Any:
    prompt, messages = body.get("prompt"), body.get("messages")
    if prompt is None:
        return fields.required(body, "messages", "prompt") if messages is None else messages
    if messages is not None:
        raise fields.invalid("prompt", "send either prompt or messages, not both")
    return [{"role": "user", "content": prompt}]


def _check_prompt_size(chat: ChatRequest, body: dict[str, Any], limits: GenerateLimits) -> None:
    sizes = {path: len(text) for path, text in chat.texts() if path.startswith("messages")}
    characters = sum(sizes.values())
    if characters > limits.prompt_characters:
        param = "prompt" if body.get("prompt") is not None else "messages"
        raise fields.invalid(param, f"it has {characters} characters, at most {limits.prompt_characters} are allowed")


def _hints(body: dict[str, Any]) -> dict[str, str]:
    hints = {
        "tier": body.get("tier_preference") or DEFAULT_TIER,
        "priority": str(body.get("priority") or DEFAULT_PRIORITY),
    }
    hints |= {
        name: str(body[key])
        for name, key in (
            ("complexity", "complexity"),
            ("use-case", "use_case"),
            ("collection", "collection"),
        )
        if body.get(key) is not None
    }
    return hints


def _check_complexity(value: Any, param: str) -> None:
    """A named level or a score from 0 to 1."""
    if type(value) is str:
        fields.name(value, param)
    else:
        fields.number(value, param, 0, 1)


# Members of this operation alone: they never reach an upstream.
OWN_FIELDS: dict[str, Callable[[Any, str], object]] = {
    "prompt": fields.name,
    "pipeline": partial(fields.choice, allowed=PIPELINES),
    "tier_preference": fields.name,
    "complexity": _check_complexity,
    "use_case": fields.name,
    "user_id": fields.name,
    "team_id": fields.name,
    "priority": partial(fields.integer, least=1, most=10),
    "collection": fields.name,
}
