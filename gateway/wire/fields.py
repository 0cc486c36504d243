"""Reading one field of a request: its type, its range, and words that tell the caller how to mend it.

Every function raises `errors.InvalidRequest` whose `param` is the field's path, worded as OpenAI words it.
"""

from __future__ import annotations

from typing import Any

from kit import errors

_KINDS = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    dict: "an object",
    list: "an array",
    type(None): "null",
}


def text(value: Any, param: str) -> str:
    if type(value) is not str:
        raise wrong_type(value, param, "a string")
    return value


def name(value: Any, param: str) -> str:
    """A string that is not empty."""
    if not text(value, param):
        raise invalid(param, "it must not be empty")
    return str(value)


def flag(value: Any, param: str) -> bool:
    if type(value) is not bool:
        raise wrong_type(value, param, "a boolean")
    return value


def integer(value: Any, param: str, least: int | None = None, most: int | None = None) -> int:
    if type(value) is not int:  # a boolean is an int to Python and not to JSON
        raise wrong_type(value, param, "an integer")
    _check_range(value, param, least, most)
    return value


def number(value: Any, param: str, least: float | None = None, most: float | None = None) -> float:
    if type(value) is not float and type(value) is not int:
        raise wrong_type(value, param, "a number")
    _check_range(value, param, least, most)
    return float(value)


def mapping(value: Any, param: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise wrong_type(value, param, "an object")
    return value


def listing(value: Any, param: str) -> list[Any]:
    if type(value) is not list:
        raise wrong_type(value, param, "an array")
    return value


def choice(value: Any, param: str, allowed: frozenset[str]) -> str:
    if text(value, param) not in allowed:
        known = ", ".join(repr(one) for one in sorted(allowed))
        raise invalid(param, f"supported values are {known}")
    return str(value)


def required(container: dict[str, Any], key: str, param: str) -> Any:
    """The member of that name, which must be there and not null."""
    value = container.get(key)
    if value is None:
        raise errors.InvalidRequest(f"Missing required parameter: '{param}'.", param=param)
    return value


def invalid(param: str, what: str) -> errors.InvalidRequest:
    return errors.InvalidRequest(f"Invalid value for '{param}': {what}.", param=param)


def unsupported(param: str, why: str) -> errors.InvalidRequest:
    return errors.InvalidRequest(f"Unsupported parameter '{param}': {why}.", code="unsupported_parameter", param=param)


def wrong_type(value: Any, param: str, expected: str) -> errors.InvalidRequest:
    got = _KINDS.get(type(value), "something else")
    return errors.InvalidRequest(
        f"Invalid type for '{param}': expected {expected}, but got {got} instead.", param=param
    )


def _check_range(value: float, param: str, least: float | None, most: float | None) -> None:
    if least is not None and value < least:
        raise invalid(param, f"it must be at least {least}")
    if most is not None and value > most:
        raise invalid(param, f"it must be at most {most}")
