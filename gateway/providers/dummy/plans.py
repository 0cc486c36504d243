"""What the dummy will answer, worked out before the first byte: the same request always gives the same bytes."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.providers.dummy.script import Script, ScriptError, script_of, text_of

_WORDS = (
    "the register is kept in order and every letter that leaves the office is read sealed and entered before it goes "
    "so that whoever asks may see what was said by whom under which permission"
).split()
_CREATED = 1_760_000_000  # a fixed moment: answers do not depend on the clock


@dataclass(frozen=True, slots=True)
class Plan:
    """`events` are the payloads of a stream without `[DONE]`, and None for a plain answer of `body`."""

    script: Script
    status: int
    body: bytes = b""
    events: tuple[bytes, ...] | None = None

    @property
    def wait_seconds(self) -> float:
        """Before the first byte. A plain answer has taken as long as all of its tokens."""
        plain = self.events is None and self.status == 200
        return (self.script.latency_ms + (self.script.interval_ms * self.script.tokens if plain else 0)) / 1000


def plan_of(body: bytes) -> Plan:
    """The answer to a chat completion request, whatever it holds: errors are answers too."""
    try:
        request = orjson.loads(body)
        if not isinstance(request, dict) or not isinstance(request.get("messages"), list):
            raise ScriptError("the body is not a chat completion request")
        script = script_of(request)
    except ValueError as error:
        return Plan(Script(), 400, _error(400, "invalid_request", str(error)))
    if script.status != 200 or script.malformed == "error_200":
        return Plan(script, script.status, _error(script.status, script.code, "as the script says"))
    answer = _Answer(request, script, hashlib.sha256(body).hexdigest()[:24])
    if request.get("stream"):
        return Plan(script, 200, events=tuple(answer.events()))
    return Plan(script, 200, answer.completion())


class _Answer:
    """The content of one answer, in either form."""

    def __init__(self, request: dict[str, Any], script: Script, digest: str) -> None:
        self._script = script
        self._model = script.names or str(request.get("model", "dummy"))
        self._id = f"chatcmpl-{digest}"
        self._include_usage = bool((request.get("stream_options") or {}).get("include_usage"))
        asked = request.get("max_completion_tokens") or request.get("max_tokens")
        limit = asked if isinstance(asked, int) and asked > 0 else script.tokens
        self._pieces = _pieces(request, script)
        self._finish = script.finish or ("tool_calls" if script.tool else "stop")
        if len(self._pieces) > limit:
            self._pieces = self._pieces[:limit]
            self._finish = script.finish or "length"
        self._usage = self._usage_of(request)

    def completion(self) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._pieces)}
        if self._script.tool:
            message = {"role": "assistant", "content": None, "tool_calls": [self._tool_call()]}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish}
        answer = self._envelope("chat.completion") | {"choices": [choice]}
        return orjson.dumps(answer | ({"usage": self._usage} if self._usage else {}))

    def events(self) -> list[bytes]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        if self._script.tool:
            deltas += [{"tool_calls": [part]} for part in self._tool_call_parts()]
        else:
            deltas += [{"content": piece} for piece in self._pieces]
        events = [self._chunk(delta, None) for delta in deltas]
        if self._script.malformed == "error_event":
            return [*events[:3], _error(500, "server_error", "as the script says")]
        events.append(self._chunk({}, self._finish))
        if self._include_usage and self._usage:
            events.append(orjson.dumps(self._envelope("chat.completion.chunk") | {"choices": [], "usage": self._usage}))
        return events

    def _chunk(self, delta: dict[str, Any], finish: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return orjson.dumps(self._envelope("chat.completion.chunk") | {"choices": [choice]})

    def _envelope(self, kind: str) -> dict[str, Any]:
        said = {"id": self._id, "object": kind, "created": _CREATED, "model": self._model}
        return said | {"system_fingerprint": self._script.fingerprint}

    def _tool_call(self) -> dict[str, Any]:
        function = {"name": self._script.tool, "arguments": self._script.args}
        return {"id": f"call_{self._id[-12:]}", "type": "function", "function": function}

    def _tool_call_parts(self) -> list[dict[str, Any]]:
        """The name first, then the arguments in pieces, as providers send them."""
        first = {"index": 0} | self._tool_call() | {"function": {"name": self._script.tool, "arguments": ""}}
        text = self._script.args
        return [first] + [{"index": 0, "function": {"arguments": text[at : at + 8]}} for at in range(0, len(text), 8)]

    def _usage_of(self, request: dict[str, Any]) -> dict[str, int] | None:
        if self._script.usage is None:
            return None
        characters = sum(len(text_of(message.get("content"))) for message in _messages(request))
        prompt, completion = self._script.usage or (max(1, characters // 4), len(self._pieces))
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _pieces(request: dict[str, Any], script: Script) -> list[str]:
    """The answer's text, a token each."""
    said = [text_of(message.get("content")) for message in _messages(request) if message.get("role") == "user"]
    last = said[-1] if said else ""
    text = last if script.echo else script.text
    if text is None:
        start = zlib.crc32(last.encode("utf-8", "replace"))
        words = [_WORDS[(start + number) % len(_WORDS)] for number in range(script.tokens)]
    else:
        words = text.split(" ")
    return [word if number == 0 else f" {word}" for number, word in enumerate(words)]


def _messages(request: dict[str, Any]) -> list[dict[str, Any]]:
    return [message for message in request["messages"] if isinstance(message, dict)]


def _error(status: int, code: str | None, message: str) -> bytes:
    kind = "invalid_request_error" if 400 <= status < 500 else "server_error"
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})
