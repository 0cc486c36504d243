"""Canonical JSON against a reference of its own, written from RFC 8785."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ledger.canonical import FreeText, NotCanonical, canonical, canonical_labels

NAMES = st.from_regex(re.compile(r"[a-z][a-z0-9_]{0,12}", re.ASCII), fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def reference(value: Any) -> str:
    """RFC 8785 §3.2 for the subset: no white space, sorted by UTF-16 code units, ECMAScript's string escapes."""
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
        return "{" + ",".join(f"{reference(name)}:{reference(item)}" for name, item in items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(reference, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(map(escaped, value)) + '"'
    return json.dumps(value)


def escaped(character: str) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    if character in short:
        return short[character]
    return f"\\u{ord(character):04x}" if character < " " else character


@given(VALUES)
def test_it_writes_what_the_reference_writes(value: Any) -> None:
    assert canonical(value) == reference(value).encode()


@given(VALUES)
def test_it_can_be_read_back(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(NAMES, INTEGERS, min_size=2))
def test_the_order_of_names_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        math.nan,
        2**53,
        -(2**53),
        b"bytes",
        object(),
        "\ud800",
        datetime(2026, 1, 1),  # noqa: DTZ001 - what is refused
        {"Name": 1},
        {"naïve": 1},
        {1: 1},
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical({"value": value})


def test_the_message_names_the_place_and_not_the_value() -> None:
    with pytest.raises(NotCanonical, match=r"^\$\.outer\[1\]\.inner is a float, which the ledger does not hold$"):
        canonical({"outer": [1, {"inner": 0.123}]})


def test_ids_and_times_are_written_as_text() -> None:
    identifier = UUID("01890000-0000-7000-8000-000000000001")
    at = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    assert canonical([identifier, at]) == b'["01890000-0000-7000-8000-000000000001","2026-11-21T12:30:00Z"]'


@pytest.mark.parametrize("text", ["governance.approval", "gpt-4o/eu", "2026-11-21T12:30:00Z", "12345", "", "a:b+c"])
def test_labels_are_no_free_text(text: str) -> None:
    assert json.loads(canonical_labels({"value": text})) == {"value": text}


@pytest.mark.parametrize("text", ["please approve this", "alice@example.com", "naïve", "x" * 201, "line\nbreak", "(c)"])
def test_free_text_is_refused(text: str) -> None:
    with pytest.raises(FreeText, match=r"^\$\.nested\[0\] is free text$"):
        canonical_labels({"nested": [text]})
