"""The settings, as `portal.variables` declares them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portal import variables
from portal.reference.markdown import code, page, table
from portal.setting import Setting

_SECTION = re.compile(r"^# (.+)$|^([A-Z_]+)\b.*= ", re.MULTILINE)


def render() -> str:
    return page(
        "Settings",
        "From the environment; a secret also from the file that `NAME_FILE` names. What is set nowhere is looked for "
        "in `$CHANCERY_HOME/runtime.json`, which `manage.py up` writes, so that commands in another shell find what it "
        "started. A value of the wrong type, and a required one that is missing, stop the start by name. What happens "
        "at a limit or without the thing is in italics.",
        *(_section(title, settings) for title, settings in sections()),
    )


def sections() -> Iterator[tuple[str, list[Setting[Any]]]]:
    """The declarations under the comments they stand under, in the order of the file."""
    title = ""
    found: list[Setting[Any]] = []
    for match in _SECTION.finditer(Path(variables.__file__).read_text()):
        if match[1]:
            if found:
                yield title, found
            title, found = match[1], []
        else:
            found += _settings(getattr(variables, match[2]))
    yield title, found


def _settings(declared: object) -> list[Setting[Any]]:
    if isinstance(declared, Setting):
        return [declared]
    return list(declared.values()) if isinstance(declared, dict) else []


def _section(title: str, settings: list[Setting[Any]]) -> str:
    rows = [
        (code(one.name), _kind(one), _default(one), " ".join(filter(None, (one.means, _failure(one)))))
        for one in settings
    ]
    return f"## {title}\n\n{table(('setting', 'value', 'default', 'meaning'), rows)}"


def _kind(one: Setting[Any]) -> str:
    least = f", {one.must_be}" if one.must_be and "one of" not in one.kind else ""
    return f"{one.kind}{f', {one.unit}' if one.unit else ''}{least}{', secret' if one.is_secret else ''}"


def _default(one: Setting[Any]) -> str:
    if one.default_is:
        return one.default_is
    match one.default:
        case None:
            return "must be given"
        case bool():
            return code(str(one.default).lower())
        case list():
            return code(",".join(one.default)) or "none"
        case "":
            return "none"
        case value:
            return code(value)


def _failure(one: Setting[Any]) -> str:
    return f"*{one.fails}*" if one.fails else ""
