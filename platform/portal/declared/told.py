"""What `apply` says it did, or would do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from portal.declared.declaration import Applied, Change, Verb

_SIGNS: dict[Verb, str] = {"made": "+", "changed": "~", "asked for": "?"}


def lines(applied: Applied) -> Iterator[str]:
    """A line for each entry that was not so already, with what changes below it; last how many of each."""
    for change in applied.changes:
        if change.verb != "same":
            yield f"{_SIGNS[change.verb]} {change.title}" + (", asked for" if change.verb == "asked for" else "")
            yield from _differences(change)
    counted = Counter(change.verb for change in applied.changes)
    yield ", ".join(f"{counted[verb]} {verb}" for verb in (*_SIGNS, "same"))


def _differences(change: Change) -> Iterator[str]:
    for difference in change.differences:
        if difference.before is None and difference.after is None:
            yield f"    {difference.field}: another"  # a credential, which nobody is shown
        else:
            yield f"    {difference.field}: {_plain(difference.before)} → {_plain(difference.after)}"


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
