"""The kinds of call that the gateway answers, each as the load generator sends it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.bench import traffic
from tests.bench.target import Request, Running


@dataclass(frozen=True, slots=True)
class Path:
    """`refuses` marks calls whose answer is meant to be no success."""

    name: str
    request: Request
    refuses: bool = False


def of(gateway: Running) -> list[Path]:
    chat = gateway.plain
    return [
        Path("chat", chat),
        Path("generate", replace(chat, path="/v1/generate", body=_generate())),
        Path("refused: no such model", replace(chat, body=traffic.chat("gpt-unheard-of")), refuses=True),
        Path("refused: no such key", replace(chat, tokens=(_FOREIGN_KEY,)), refuses=True),
    ]


# Of the right form, so that it is looked up and not merely misspelt.
_FOREIGN_KEY = "chy_000000000000_" + "A" * 43 + "000000"


def _generate() -> bytes:
    chat: Mapping[str, object] = json.loads(traffic.chat())
    return json.dumps({"model": traffic.MODEL, "messages": chat["messages"], "max_tokens": 256}).encode()
