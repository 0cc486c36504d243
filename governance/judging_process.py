"""Holds an answer against a pattern or a schema, or looks whether that can be done; in a process of its own.

`python -I judging_process.py` reads `{"expectation", "expected", "answer"}` as JSON and writes a word: `passed`, or why
not. Without an answer it is `usable` or `unusable`. A pattern may take for ever and a schema may take much memory: this
process is bounded in both, and it is ended, where a thread would go on. It imports nothing of ours and fetches nothing.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import sys
from typing import Any

_CPU_SECONDS = 1.0
_MEMORY_BYTES = 1 << 30
# Optional to jsonschema, for formats, which are not judged; it makes a grammar at import, for seconds.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def word_for(expectation: str, expected: str, answer: str | None) -> str:
    if expectation == "matches":
        return _of_pattern(expected, answer)
    return _of_schema(expected, answer)


def _of_pattern(expected: str, answer: str | None) -> str:
    try:
        pattern = re.compile(expected)
    except (re.error, OverflowError, RecursionError):
        return "unusable"
    if answer is None:
        return "usable"
    return "passed" if pattern.search(answer) else "no_match"


def _of_schema(expected: str, answer: str | None) -> str:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry

    _bound()
    try:
        schema = json.loads(expected)
        Draft202012Validator.check_schema(schema)
    except (ValueError, SchemaError, RecursionError):
        return "unusable"
    if answer is None:
        return "usable" if all(reference.startswith("#") for reference in _references(schema)) else "unusable"
    try:
        value = json.loads(_without_fence(answer))
    except (ValueError, RecursionError):
        return "not_json"
    registry: Registry[Any] = Registry()  # without one of its own, it would fetch what a schema refers to
    return "passed" if Draft202012Validator(schema, registry=registry).is_valid(value) else "schema"


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [found for each in schema for found in _references(each)]
    if not isinstance(schema, dict):
        return []
    own = [value for key, value in schema.items() if key in ("$ref", "$dynamicRef") and isinstance(value, str)]
    return own + [found for each in schema.values() for found in _references(each)]


def _without_fence(answer: str) -> str:
    """Models like to put JSON into a block of Markdown."""
    text = answer.strip()
    if not (text.startswith("```") and text.endswith("```")):
        return text
    return text.removesuffix("```").partition("\n")[2]


def _bound() -> None:
    """So much time on the processor from now on; its end ends the process, whatever it is at."""
    signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    _bound()
    asked = json.load(sys.stdin)
    sys.stdout.write(word_for(asked["expectation"], asked["expected"], asked.get("answer")))


if __name__ == "__main__":
    main()
