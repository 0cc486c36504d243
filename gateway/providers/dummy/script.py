"""The little language in which a request says how the dummy is to answer it.

A script is a list of `key=value` words separated by spaces, commas or semicolons. It is taken from, later ones winning:

    the model name      `dummy+tokens=50,interval_ms=20`     after the first plus sign
    the metadata        `{"metadata": {"dummy": "status=429 retry_after=2"}}`
    system messages     `dummy: tool=get_weather args={"city":"Oslo"}`     where the text begins with `dummy:`

    word                 meaning                                                                      default
    tokens=N             length of the answer; bounded by max_tokens / max_completion_tokens          16
    text=WORDS           the answer itself, percent-encoded                                           made up
    echo=1               the answer is the last user message
    latency_ms=N         wait before the first byte                                                   0
    interval_ms=N        wait before each streamed token; a plain answer waits for all of them        0
    tokens_per_second=N  the same as interval_ms=1000/N
    finish=WORD          finish_reason                                                                by what happened
    tool=NAME            call this tool instead of answering in text
    args=JSON            its arguments; the last word, since it takes the rest of the script          {}
    fingerprint=WORD     the `system_fingerprint`                                                     fp_dummy
    names=WORD           the `model` that the answer names                                            the one asked for
    usage=P/C            report these token counts; usage=none reports none                           estimated
    status=N             answer with this HTTP status and an error body                               200
    code=WORD            `code` of the error body                                                     by status
    retry_after=N        seconds, as a header
    hang=N               after N events stop sending and keep the connection; a plain answer never begins
    cut=N                after N events close the connection; a plain answer is cut in its body
    malformed=KIND       json, html, empty, object, error_200, error_event (after two tokens), gzip (a bomb),
                         oversized, length (announces more than it sends) or http (not HTTP at all)

An unknown word or a value that does not parse is answered with 400: a misspelt rehearsal must not look like success.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_MARK = "dummy:"
_MAX_TOKENS = 20_000


class ScriptError(ValueError):
    """A word the language does not have."""


@dataclass(frozen=True, slots=True)
class Script:
    """`usage` are (prompt, completion) tokens, None to report none, () to estimate them."""

    tokens: int = 16
    text: str | None = None
    echo: bool = False
    latency_ms: float = 0.0
    interval_ms: float = 0.0
    finish: str | None = None
    tool: str | None = None
    args: str = "{}"
    fingerprint: str = "fp_dummy"
    names: str | None = None
    usage: tuple[int, int] | tuple[()] | None = ()
    status: int = 200
    code: str | None = None
    retry_after: str | None = None
    hang: int | None = None
    cut: int | None = None
    malformed: str | None = None


def script_of(request: dict[str, Any]) -> Script:
    """The script of a chat completion request. Raises `ScriptError`."""
    fields: dict[str, Any] = {}
    for text in _texts(request):
        fields |= _parsed(text)
    return Script(**fields)


def _texts(request: dict[str, Any]) -> Iterable[str]:
    yield str(request.get("model", "")).partition("+")[2]
    metadata = request.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("dummy"), str):
        yield metadata["dummy"]
    for message in request.get("messages") or ():
        if isinstance(message, dict) and message.get("role") in ("system", "developer"):
            text = text_of(message.get("content"))
            if text.startswith(_MARK):
                yield text.removeprefix(_MARK)


def text_of(content: object) -> str:
    """The text of a message, whose content is a string or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""


def _parsed(text: str) -> dict[str, Any]:
    words, found, arguments = text.partition("args=")
    fields: dict[str, Any] = {"args": arguments.strip()} if found else {}
    for word in re.split(r"[\s,;]+", words.strip(" ,;")):
        if word:
            key, _, value = word.partition("=")
            if key not in _WORDS:
                raise ScriptError(f"the dummy does not know the word {key!r}")
            try:
                fields |= _WORDS[key](value)
            except ValueError as error:
                raise ScriptError(f"the dummy does not understand {word!r}: {error}") from error
    return fields


def _count(key: str, most: int = 1_000_000_000, least: int = 0) -> Callable[[str], dict[str, Any]]:
    def parse(value: str) -> dict[str, Any]:
        if not least <= int(value) <= most:
            raise ValueError(f"must be {least} to {most}")
        return {key: int(value)}

    return parse


def _number(value: str) -> float:
    number = float(value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError("must be a number from zero up")
    return number


def _one_of(key: str, choices: str) -> Callable[[str], dict[str, Any]]:
    def parse(value: str) -> dict[str, Any]:
        if value not in choices.split():
            raise ValueError(f"must be one of {choices}")
        return {key: value}

    return parse


def _usage(value: str) -> dict[str, Any]:
    if value == "none":
        return {"usage": None}
    prompt, _, completion = value.partition("/")
    return {"usage": (int(prompt), int(completion))}


def _rate(value: str) -> dict[str, Any]:
    if not _number(value):
        raise ValueError("must be more than zero")
    return {"interval_ms": 1000 / _number(value)}


_WORDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "tokens": _count("tokens", _MAX_TOKENS),
    "text": lambda value: {"text": unquote(value)},
    "echo": lambda value: {"echo": value == "1"},
    "latency_ms": lambda value: {"latency_ms": _number(value)},
    "interval_ms": lambda value: {"interval_ms": _number(value)},
    "tokens_per_second": _rate,
    "finish": lambda value: {"finish": value},
    "tool": lambda value: {"tool": value},
    "fingerprint": lambda value: {"fingerprint": value},
    "names": lambda value: {"names": value},
    "usage": _usage,
    "status": _count("status", 599, 200),
    "code": lambda value: {"code": value},
    "retry_after": lambda value: {"retry_after": f"{_number(value):g}"},
    "hang": _count("hang"),
    "cut": _count("cut"),
    "malformed": _one_of("malformed", "json html empty object error_200 error_event gzip oversized length http"),
}
