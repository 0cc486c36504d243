"""What a questionnaire says: a JSON Schema of the answers, points for them, and from how many on a tier begins.

    schema      {"type": "object", "additionalProperties": false, "required": ["autonomy", ...], "properties": {...}}
    points      {"autonomy": {"suggests": 0, "acts": 3}, "persons": {"true": 3}, "calls": {"0": 0, "1000": 2}}
    alone_high  {"autonomy": ["acts"]}

Questions are asked in the order of `required`, then those that may be left out, by name. A property has a `title`, may
have a `description`, and is an enumeration (`x-labels` has words for its values), a boolean, an integer between two
bounds, or a short text. Points of an integer are given from a number on, up to the next number that has some. Texts
have no points.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Answer = str | bool | int
Kind = Literal["enumeration", "boolean", "integer", "text"]
YES_OR_NO: Mapping[bool, str] = {True: "Yes", False: "No"}


@dataclass(frozen=True, slots=True)
class Question:
    """One property of the schema."""

    name: str
    schema: Mapping[str, Any]
    is_required: bool

    @property
    def title(self) -> str:
        return str(self.schema["title"])

    @property
    def help_text(self) -> str:
        return str(self.schema.get("description", ""))

    @property
    def kind(self) -> Kind:
        if "enum" in self.schema:
            return "enumeration"
        kinds: dict[str, Kind] = {"boolean": "boolean", "integer": "integer"}
        return kinds.get(self.schema["type"], "text")

    def label(self, answer: Answer) -> str:
        if isinstance(answer, bool):
            return YES_OR_NO[answer]
        return str(self.schema.get("x-labels", {}).get(answer, answer))

    @property
    def choices(self) -> list[Answer]:
        """Nothing where any number or text will do."""
        if self.kind == "enumeration":
            return list(self.schema["enum"])
        return [True, False] if self.kind == "boolean" else []


@dataclass(frozen=True, slots=True)
class Definition:
    """A questionnaire as a whole."""

    schema: Mapping[str, Any]
    points: Mapping[str, Mapping[str, int]]
    medium_from: int
    high_from: int
    alone_high: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def questions(self) -> list[Question]:
        required = self.schema["required"]
        others = sorted(self.schema["properties"].keys() - set(required))
        properties = self.schema["properties"]
        return [Question(name, properties[name], name in required) for name in [*required, *others]]

    def points_of(self, name: str, answer: Answer) -> int:
        given = self.points.get(name, {})
        return given.get(key_of(answer, given), 0)

    def is_alone_high(self, name: str, answer: Answer) -> bool:
        named = self.alone_high.get(name, ())
        return key_of(answer, named) in named

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def digest(self) -> str:
        """SHA-256, in hex, of it as JSON with its names in order."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()


def is_text(text: str) -> bool:
    """Whether the database can keep it: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def key_of(answer: Answer, keys: Any) -> str:
    """By which of the keys points of an answer are found; of a number, by the greatest that it reaches."""
    if isinstance(answer, bool):
        return str(answer).lower()
    if isinstance(answer, int):
        return str(max((int(key) for key in keys if int(key) <= answer), default=""))
    return answer
