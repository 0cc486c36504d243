"""Typed readers of the environment that fail loudly, with the variable's name.

A variable that is not set is looked for in `$CHANCERY_HOME/runtime.json`, which `manage.py up` writes, so that
commands in another shell find the services it started. A secret may also come from a file named by `NAME_FILE`.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


class MissingSetting(Exception):
    """A required variable is set nowhere."""


class InvalidSetting(Exception):
    """A variable's value is not of its type."""


def home() -> Path:
    """Where state lives: `CHANCERY_HOME`, by default `.chancery` beside `manage.py`."""
    return Path(os.environ.get("CHANCERY_HOME") or _REPOSITORY / ".chancery").resolve()


def text(name: str, default: str | None = None) -> str:
    """Raises `MissingSetting` where there is no value and no default."""
    found = os.environ.get(name)
    if found is None:
        found = _runtime(home()).get(name, default)
    if found is None:
        raise MissingSetting(f"{name} is not set. See docs/reference/settings.md; `make run` sets it for one machine.")
    return found


def secret(name: str, default: str | None = None) -> str:
    """As `text`; `NAME_FILE` names a file that holds it."""
    found = given(name)
    return text(name, default) if found is None else found


def given(name: str) -> str | None:
    """What the operator set, by `NAME_FILE` or `NAME`, and not what an earlier start left in the state directory."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name)
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise InvalidSetting(f"{name}_FILE names a file that cannot be read: {path}") from failure


def is_given_twice(name: str) -> bool:
    return bool(os.environ.get(f"{name}_FILE")) and name in os.environ


def integer(name: str, default: int | None = None) -> int:
    value = text(name, None if default is None else str(default))
    try:
        return int(value)
    except ValueError:
        raise InvalidSetting(f"{name} must be an integer.") from None


def ratio(name: str, default: float | None = None) -> float:
    value = text(name, None if default is None else str(default))
    try:
        return float(value)
    except ValueError:
        raise InvalidSetting(f"{name} must be a number from 0 to 1.") from None


def flag(name: str, default: bool | None = None) -> bool:
    value = text(name, None if default is None else str(default)).strip().lower()
    if value not in _TRUE | _FALSE:
        raise InvalidSetting(f"{name} must be true or false.")
    return value in _TRUE


def listing(name: str, default: list[str] | None = None) -> list[str]:
    """Comma-separated, blanks dropped."""
    value = text(name, None if default is None else ",".join(default))
    return [item.strip() for item in value.split(",") if item.strip()]


def mapping(name: str) -> dict[str, str]:
    """`key:value` pairs, comma-separated; read as a secret."""
    pairs = [item.partition(":") for item in secret(name).split(",") if item.strip()]
    if not pairs or not all(separator for _, separator, _ in pairs):
        raise InvalidSetting(f"{name} must be number:value pairs, separated by commas.")
    return {key.strip(): value.strip() for key, _, value in pairs}


@cache
def _runtime(directory: Path) -> dict[str, str]:
    try:
        content = json.loads((directory / "runtime.json").read_text())
        environment: dict[str, str] = content["environment"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError) as failure:
        raise InvalidSetting(f"{directory / 'runtime.json'} is no file that `manage.py up` wrote.") from failure
    return environment
