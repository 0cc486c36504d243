"""What an answer may be held against. Judging is the gateway's; here it is seen to that it can."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from governance.models import Expectation
from governance.models.evaluation import MOST_PATTERN, MOST_TEXT
from kit import errors

# See there why it is a process. `-I`: nothing of the surroundings is imported.
JUDGING = [sys.executable, "-I", str(Path(__file__).with_name("judging_process.py"))]
JUDGING_SECONDS = 10.0
_REFUSED = {
    Expectation.MATCHES: "The pattern is no regular expression as Python reads it.",
    Expectation.JSON: "The expectation is no JSON Schema (draft 2020-12) that refers to itself alone.",
}


def require_usable(kind: Expectation, expected: str) -> None:
    """Raises `errors.InvalidRequest` for what no answer can be held against."""
    if not expected.strip():
        raise _unusable("Say what the answer is held against.")
    most = MOST_PATTERN if kind is Expectation.MATCHES else MOST_TEXT
    if len(expected) > most:
        raise _unusable(f"It is held against up to {most:,} characters.")
    if kind in _REFUSED and not _is_usable(kind, expected):
        raise _unusable(_REFUSED[kind])


def _is_usable(kind: Expectation, expected: str) -> bool:
    asked = json.dumps({"expectation": kind.value, "expected": expected}).encode()
    try:
        said = subprocess.run(  # noqa: S603 - a program of ours
            JUDGING, input=asked, capture_output=True, timeout=JUDGING_SECONDS, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return said.stdout == b"usable"


def _unusable(words: str) -> errors.InvalidRequest:
    return errors.InvalidRequest(words, param="expected")
