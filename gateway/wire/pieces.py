"""Every piece of text in a chat body, with its path, and what in it is no text.

Numbers, names of members and members nobody knows are text too: a model reads them all the same, and so do the
checks.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

Piece = tuple[str, str]  # path, text

_MEDIA_DATA = {"image_url": "url", "input_audio": "data", "file": "file_data"}
# Read apart, replaced before the body is sent, or of a form whose members are no text.
_NOT_TEXT = frozenset({"messages", "model", "logit_bias"})
_PLAIN_OPTIONS = frozenset({"include_usage", "include_obfuscation"})
_PLAIN = frozenset({"role", "content"})
_MEMBERS = frozenset({"name", "refusal", "tool_calls", "tool_call_id", "function_call", "audio"})
_CONTAINERS = frozenset({str, list, dict})
_SHORTEST_NUMBER = 10**8  # nine digits: the shortest number that identifies anybody


@dataclass(frozen=True, slots=True)
class Pieces:
    """`not_scanned` names the kind of each part that cannot be read; `remote` says whether one is behind a URL.

    Several texts of one path are several ways to read the same.
    """

    texts: tuple[Piece, ...]
    not_scanned: tuple[str, ...]
    remote: bool


def pieces_of(body: dict[str, Any], known: Container[str]) -> Pieces:
    """The pieces of a body whose messages are well formed. The name of a member nobody knows is text too."""
    texts: list[Piece] = []
    media: list[tuple[str, bool]] = []
    for position, message in enumerate(body["messages"]):
        path = f"messages[{position}]"
        content = message.get("content")
        if type(content) is str:
            texts.append((f"{path}.content", content))
        elif content:
            _add_parts(content, f"{path}.content", texts, media)
        if not message.keys() <= _PLAIN:
            _add_members(message, path, texts)
    for key, value in body.items():
        if key in _NOT_TEXT or (key == "stream_options" and value and value.keys() <= _PLAIN_OPTIONS):
            continue
        if key not in known:
            _add({key: value}, key, texts)
        elif type(value) in _CONTAINERS:
            _add(value, key, texts)
    return Pieces(tuple(texts), tuple(kind for kind, _ in media), any(remote for _, remote in media))


def without_media(message: dict[str, Any]) -> dict[str, Any]:
    """The message with nothing but the kind left of each part that is no text."""
    content = message.get("content")
    if type(content) is not list:
        return message
    parts = [{"type": part["type"]} if part["type"] in _MEDIA_DATA else part for part in content]
    return {**message, "content": parts}


def _add_parts(parts: list[dict[str, Any]], path: str, texts: list[Piece], media: list[tuple[str, bool]]) -> None:
    """Parts of one content are joined: a model reads them as one text, so that is what the checks must see.

    Whether with a line end between them or with nothing depends on the upstream: each is a piece of the same path.
    """
    found: list[str] = []
    for part in parts:
        kind = part["type"]
        data = _MEDIA_DATA.get(kind)
        if data is None:
            found.append(part[kind])
        else:
            medium = part[kind]
            is_remote = kind == "image_url" and medium[data][:5].lower() != "data:"
            media.append((kind, is_remote))
            found.extend(_strings({key: value for key, value in medium.items() if key != data or is_remote}))
        if len(part) > 2:
            found.extend(_strings({key: value for key, value in part.items() if key not in ("type", kind)}))
    if any(found):
        texts.append((path, "\n".join(found)))
        if len(found) > 1:
            texts.append((path, "".join(found)))


def _add_members(message: dict[str, Any], path: str, texts: list[Piece]) -> None:
    for key, value in message.items():
        if key in _MEMBERS:
            _add(value, f"{path}.{key}", texts)
        elif key not in _PLAIN:
            _add({key: value}, f"{path}.{key}", texts)


def _add(value: Any, path: str, texts: list[Piece]) -> None:
    """One piece for a string or an object, one for each object of an array."""
    if type(value) is list and value and type(value[0]) is dict:
        for position, inner in enumerate(value):
            _add(inner, f"{path}[{position}]", texts)
    elif found := "\n".join(_strings(value)):
        texts.append((path, found))


def _strings(value: Any) -> Iterator[str]:
    kind = type(value)
    if kind is str:
        yield value
    elif kind is dict:
        for key, inner in value.items():
            if type(inner) is str:
                yield f"{key}: {inner}"  # a password is known by the name it stands under
            else:
                yield key
                yield from _strings(inner)
    elif kind is list:
        for inner in value:
            yield from _strings(inner)
    elif (kind is int or kind is float) and abs(value) >= _SHORTEST_NUMBER:
        yield str(value)
