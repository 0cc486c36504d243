"""YAML is read without its surprises."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kit import errors
from portal.declared import document


def refused(text: str) -> str:
    with pytest.raises(errors.InvalidRequest) as refusal:
        document.parse(text.encode())
    return refusal.value.message


def test_a_region_called_no_is_a_region() -> None:
    assert document.parse(b"region: no\nis: true\non: 2026-01-01") == {"region": "no", "is": True, "on": "2026-01-01"}


def test_a_name_that_stands_twice_is_refused_with_its_line() -> None:
    assert refused("teams: []\nmodels: []\nteams: []") == "Line 3: teams stands twice."


def test_references_are_refused_before_they_blow_up() -> None:
    bomb = "a: &a [x, x]\n" + "\n".join(f"{new}: &{new} [*{old}, *{old}]" for old, new in pairwise("abcdefghi"))
    assert refused(bomb) == "Line 2: references are not read."


@pytest.mark.parametrize("text", ["a: [", "a: !!python/object:os.system {}", "\tb", "a: b: c", "[" * 5000, "a: \x00"])
def test_what_is_no_yaml_is_refused_in_words(text: str) -> None:
    assert refused(text)


def test_what_is_too_long_is_refused_unread() -> None:
    assert "at most" in refused("a" * (document.MOST_BYTES + 1))


def test_credentials_come_from_the_environment() -> None:
    read = {"providers": [{"name": "one", "credential": {"env": "KEY_OF_ONE"}}, {"name": "two"}]}

    filled = document.with_credentials(read, {"KEY_OF_ONE": "s3cret"})

    assert filled["providers"] == [{"name": "one", "credential": "s3cret"}, {"name": "two"}]
    with pytest.raises(errors.InvalidRequest, match="KEY_OF_ONE is not set"):
        document.with_credentials(read, {})
