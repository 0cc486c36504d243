"""Canonical JSON (RFC 8785) of the subset the ledger uses, and the refusal of free text.

The subset: objects with ASCII names, arrays, strings, integers within ±(2^53 - 1), true, false, null; UUIDs and
aware datetimes as their text, enum members as their value. No floats: money is a decimal string, time is whole
microseconds. Within it orjson with sorted keys writes the very bytes RFC 8785 asks for: for ASCII names the
order of UTF-16 units is the order of bytes, and its string escapes are those of ECMAScript.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER | orjson.OPT_UTC_Z
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9_.:/+-]{0,200}", re.ASCII)
_LARGEST = 2**53 - 1


class NotCanonical(ValueError):
    """A value outside the subset; the message names its place, never the value."""


class FreeText(NotCanonical):
    """A string that is no identifier, label, number or time. People's words belong in the content vault."""


def canonical(value: Any) -> bytes:
    """The canonical bytes of any value of the subset. Raises `NotCanonical`."""
    return encode(_checked(value, "$", words=True))


def canonical_labels(value: Mapping[str, Any]) -> bytes:
    """As `canonical`; raises `FreeText` for strings that are no labels. What is sealed for ever goes through here."""
    return encode(_checked(value, "$", words=False))


def encode(value: Any) -> bytes:
    """The canonical bytes of a value known to be of the subset; dataclasses with their fields in order of name."""
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError as refused:
        raise NotCanonical(str(refused)) from refused


def _checked(value: Any, place: str, *, words: bool) -> Any:
    match value:
        case Enum():
            return _checked(value.value, place, words=words)
        case None | bool() | UUID():
            return value
        case int():
            if abs(value) > _LARGEST:
                raise NotCanonical(f"{place} is beyond 2^53: send it as a string")
            return int(value)
        case str():
            if not words and not _LABEL.fullmatch(value):
                raise FreeText(f"{place} is free text")
            return str(value)
        case datetime():
            if value.tzinfo is None:
                raise NotCanonical(f"{place} is a time without a zone")
            return value
        case date():
            return value
        case Mapping():
            return {_name(key, place): _checked(item, f"{place}.{key}", words=words) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            ordered = sorted(value, key=str) if isinstance(value, set | frozenset) else value
            return [_checked(item, f"{place}[{index}]", words=words) for index, item in enumerate(ordered)]
    raise NotCanonical(f"{place} is a {type(value).__name__}, which the ledger does not hold")


def _name(key: Any, place: str) -> str:
    if not isinstance(key, str) or not _NAME.fullmatch(key):
        raise NotCanonical(f"a name in {place} is not lower_snake_case")
    return str(key)
