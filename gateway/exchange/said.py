"""What a model said: the texts of an answer by their place, so that the pieces of a stream are read as one text.

An upstream may send anything. What has not the form of a chat completion is an `UpstreamFailure` (`invalid_answer`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.providers.base import UpstreamFailure
from gateway.providers.failures import invalid_answer

Place = tuple[object, ...]  # choice, member; of a tool call its position and member too

_NOT_SAID = frozenset({"role", "id", "type", "tool_call_id"})
_MEDIA = frozenset({"audio", "images"})


@dataclass(slots=True)
class Said:
    """`not_scanned` names each member that was sent and is no text."""

    tool_calls: int = 0
    not_scanned: set[str] = field(default_factory=set)
    _texts: dict[Place, list[str]] = field(default_factory=dict)

    def hear(self, choices: Any, member: str) -> None:
        """Takes in the `message` of each choice of a whole answer, or the `delta` of each choice of an event."""
        for choice in _listing(choices):
            said = _mapping(choice).get(member)
            if said:
                self._hear(choice.get("index", 0), _mapping(said))

    def texts(self) -> tuple[tuple[str, str], ...]:
        """Path and text of each place, in the order in which they began."""
        return tuple((".".join(map(str, ("output", *place))), "".join(texts)) for place, texts in self._texts.items())

    def bytes(self) -> int:
        return sum(len(text.encode("utf-8", "replace")) for texts in self._texts.values() for text in texts)

    def _hear(self, index: object, said: dict[str, Any]) -> None:
        for name, value in said.items():
            if not value or name in _NOT_SAID:
                continue
            if type(value) is str:
                self._add((_number(index), name), value)
            elif name == "tool_calls":
                self._hear_calls(index, _listing(value))
            elif name in _MEDIA:
                self.not_scanned.add(name)
            else:
                for text in _strings(value):
                    self._add((_number(index), name), text)

    def _hear_calls(self, index: object, calls: list[Any]) -> None:
        for position, call in enumerate(calls):
            self.tool_calls += bool(_mapping(call).get("id"))  # only the first piece of a call names it
            for kind in ("function", "custom"):
                for name, value in _mapping(call.get(kind) or {}).items():
                    if type(value) is str:
                        self._add((_number(index), "tool_calls", _number(call.get("index", position)), name), value)

    def _add(self, place: Place, text: str) -> None:
        found = self._texts.get(place)
        if found is None:
            self._texts[place] = [text]
        else:
            found.append(text)


def _strings(value: Any) -> Iterator[str]:
    if type(value) is str:
        yield value
    elif type(value) is dict:
        for name, inner in value.items():
            if name not in _NOT_SAID:
                yield from _strings(inner)
    elif type(value) is list:
        for inner in value:
            yield from _strings(inner)


def _listing(value: Any) -> list[Any]:
    if type(value) is not list:
        raise malformed()
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise malformed()
    return value


def _number(value: Any) -> int:
    if type(value) is not int:
        raise malformed()
    return value


def malformed() -> UpstreamFailure:
    return invalid_answer("the upstream's answer has not the form of a chat completion", 200)
