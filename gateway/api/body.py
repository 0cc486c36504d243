"""Strict reading of a JSON body.

What is inspected must be what is sent on, so a body that two parsers could read differently is refused: duplicate
keys, integers that not every reader can hold, numbers and strings outside the standard.

orjson refuses NaN, Infinity, lone surrogates, invalid UTF-8 and byte order marks by itself, but keeps the last of two
equal keys and turns long integers into floats. Both are found afterwards by one walk over the parsed values, which
counts colons: every key in the text brought its own, so where the text has more than the values account for, a key
was dropped. That costs a quarter of a parse with `object_pairs_hook`, which then only names the culprit.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

from kit import errors

MAX_DEPTH = 64
MAX_VALUES = 500_000  # a value costs some 60 bytes of memory and as little as two of text

_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**64 - 1  # what orjson reads and writes exactly
# One that is not closed ends with the text, and nothing is tried twice: a body may be made of what looks like strings.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL)
_MAX_PARAM = 120


def parse(raw: bytes) -> dict[str, Any]:
    """The object that `raw` holds. Time and memory are linear in its size.

    Raises `errors.InvalidRequest` with the code `invalid_json`; `param` is the path of the key at fault where a key is.
    The message never quotes the body.
    """
    _check_size(raw)
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as wrong:
        raise _syntax_error(wrong) from None
    if type(body) is not dict:
        raise _invalid("The body must be a JSON object.")
    colons, has_long_number = _survey(body, 1)
    has_escaped_colon = b"\\u003a" in raw or b"\\u003A" in raw
    if raw.count(b":") != colons or has_escaped_colon or has_long_number:
        _find_fault(raw)
    return body


def _check_size(raw: bytes) -> None:
    """Refuses a body of very many values before memory is spent on them."""
    if _marks(raw) > MAX_VALUES and _marks(_STRING.sub(b"", raw)) > MAX_VALUES:
        raise _invalid(f"The body has more than {MAX_VALUES} values.")


def _marks(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _survey(container: Any, depth: int) -> tuple[int, bool]:
    """How many colons keys and strings account for, and whether a float may have been a long integer."""
    if depth > MAX_DEPTH:
        raise _too_deep()
    if type(container) is dict:
        colons = len(container)
        for key in container:
            colons += key.count(":")
        values: Any = container.values()
    else:
        colons = 0
        values = container
    long_number = False
    for value in values:
        kind = type(value)
        if kind is str:
            colons += value.count(":")
        elif kind is dict or kind is list:
            inner, long_inner = _survey(value, depth + 1)
            colons += inner
            long_number = long_number or long_inner
        elif kind is float and not _MIN_INTEGER < value < _MAX_INTEGER:
            long_number = True
    return colons, long_number


class _Fault:
    """Stands in the place of what is wrong, so that a walk finds its path."""

    def __init__(self, message: str, key: str | None = None) -> None:
        self.message = message
        self.key = key


def _find_fault(raw: bytes) -> None:
    """Raises for the first repeated key or long integer. Only for bodies that are valid JSON of bounded depth.

    What a repeated key dropped was not surveyed and may be deeper.
    """
    try:
        faulty = json.loads(raw, object_pairs_hook=_object_or_fault, parse_int=_integer_or_fault)
    except RecursionError:
        raise _too_deep() from None
    _raise_fault(faulty, "")


def _object_or_fault(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Fault:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return _Fault("The body repeats a key in one object.", key)
        seen.add(key)
    raise AssertionError("fewer entries than pairs mean a repeated key")


def _integer_or_fault(digits: str) -> int | _Fault:
    if len(digits) <= 20 and _MIN_INTEGER <= (number := int(digits)) <= _MAX_INTEGER:
        return number
    return _Fault("The body has an integer that does not fit 64 bits; send it as a string.")


def _raise_fault(value: Any, path: str) -> None:
    if isinstance(value, _Fault):
        _invalid_at(value, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _raise_fault(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            if isinstance(inner, (dict, list, _Fault)):
                _raise_fault(inner, f"{path}[{position}]")


def _invalid_at(fault: _Fault, path: str) -> NoReturn:
    if fault.key is not None:
        path = f"{path}.{fault.key}" if path else fault.key
    raise errors.InvalidRequest(fault.message, code="invalid_json", param=path[:_MAX_PARAM] or None)


def _syntax_error(wrong: orjson.JSONDecodeError) -> errors.InvalidRequest:
    """orjson's words name what was expected and never quote the text."""
    if not wrong.doc:
        return _invalid("The body is empty; send a JSON object.")
    if "depth" in wrong.msg:
        return _too_deep()
    if "allocate" in wrong.msg:  # how the parser's estimate of memory fails on brackets that never close
        return _invalid("The body is not valid JSON: its brackets do not close.")
    return _invalid(f"The body is not valid JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}.")


def _too_deep() -> errors.InvalidRequest:
    return _invalid(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _invalid(message: str) -> errors.InvalidRequest:
    return errors.InvalidRequest(message, code="invalid_json")
