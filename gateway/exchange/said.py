"""What a model said: the texts of an answer by their place, so that the pieces of a stream are read as one text.

An upstream may send anything. What has not the form of a chat completion is an `UpstreamFailure` (`invalid_answer`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.providers.base import UpstreamFailure
from gateway.providers.failures import invalid_answer

Place = tuple[int | str, ...]  # choice, member; of a tool call its position and member too

_NOT_SAID = frozenset({"role", "id", "type", "tool_call_id"})
_MEDIA = frozenset({"audio", "images"})


@dataclass(slots=True)
class Said:
    """`not_scanned` names each member that was sent and is no text."""

    not_scanned: set[str] = field(default_factory=set)
    _texts: defaultdict[Place, list[str]] = field(default_factory=lambda: defaultdict(list))
    _calls: set[Place] = field(default_factory=set)

    @property
    def tool_calls(self) -> int:
        return len(self._calls)

    def hear(self, choices: Any, member: str) -> None:
        """Takes in the `message` of each choice of a whole answer, or the `delta` of each choice of an event."""
        for choice in _listing(choices):
            said = _mapping(choice).get(member)
            if not said:
                continue
            index = _number(choice.get("index"), 0)
            for name, value in _mapping(said).items():
                if not value or name in _NOT_SAID:
                    continue
                if type(value) is str:
                    self._texts[index, name].append(value)
                else:
                    self._hear_other(index, name, value)

    def texts(self) -> tuple[tuple[str, str], ...]:
        """Path and text of each place, in the order in which they began."""
        return tuple((".".join(map(str, ("output", *place))), "".join(texts)) for place, texts in self._texts.items())

    def bytes(self) -> int:
        return sum(len(text.encode("utf-8", "replace")) for texts in self._texts.values() for text in texts)

    def _hear_other(self, index: int, name: str, value: Any) -> None:
        if name == "tool_calls":
            self._hear_calls(index, _listing(value))
        elif name in _MEDIA:
            self.not_scanned.add(name)
        else:
            for text in _strings(value):
                self._texts[index, name].append(text)

    def _hear_calls(self, index: int, calls: list[Any]) -> None:
        for position, call in enumerate(calls):
            number = _number(_mapping(call).get("index"), position)
            self._calls.add((index, number))
            for kind in ("function", "custom"):
                for name, value in _mapping(call.get(kind) or {}).items():
                    if type(value) is str:
                        self._texts[index, "tool_calls", number, name].append(value)


def _strings(value: Any) -> Iterator[str]:
    """Of whatever a member holds. Not by recursion: JSON may be nested deeper than Python calls."""
    left = [value]
    while left:
        inner = left.pop()
        if type(inner) is str:
            yield inner
        elif type(inner) is list:
            left += reversed(inner)
        elif type(inner) is dict:
            left += [value for name, value in reversed(inner.items()) if name not in _NOT_SAID]


def _listing(value: Any) -> list[Any]:
    if type(value) is not list:
        raise malformed()
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise malformed()
    return value


def _number(value: Any, otherwise: int) -> int:
    return value if type(value) is int else otherwise


def malformed() -> UpstreamFailure:
    return invalid_answer("the upstream's answer has not the form of a chat completion", 200)
