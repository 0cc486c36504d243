"""Two texts compared word by word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_MOST = 2_000  # words; beyond that, comparing takes longer than anybody waits


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words that both texts have, or only the earlier (`gone`) or the later one (`new`)."""

    kind: Literal["same", "gone", "new"]
    text: str


def compared(before: str, after: str) -> list[Piece]:
    """The two texts as one; empty where one of them is too long or they share too little to be read as one."""
    old, new = before.split(), after.split()
    if not old or not new or max(len(old), len(new)) > _MOST:
        return []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return list(_pieces(matcher, old, new)) if matcher.ratio() >= 0.3 else []


def _pieces(matcher: SequenceMatcher[str], old: list[str], new: list[str]) -> Iterator[Piece]:
    for step, start, end, new_start, new_end in matcher.get_opcodes():
        if step == "equal":
            yield Piece("same", " ".join(old[start:end]))
            continue
        if end > start:
            yield Piece("gone", " ".join(old[start:end]))
        if new_end > new_start:
            yield Piece("new", " ".join(new[new_start:new_end]))
