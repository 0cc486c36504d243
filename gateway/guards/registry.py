"""The checks by name. A policy names checks; each name must have an implementation here before the process serves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.guards.checks import injection, pii, secrets
from gateway.guards.reading import Reading


@dataclass(frozen=True, slots=True)
class Found:
    """How often each kind was found in one text, and how sure that is, from 0 to 1."""

    kinds: Mapping[str, int]
    score: float


@dataclass(frozen=True, slots=True)
class Check:
    """`look` gets the reading of a text and of those found inside it, and whether the application wrote it."""

    name: str
    refusal: str  # the error code of a refusal
    sets_data_class: bool
    look: Callable[[Sequence[Reading], bool], Found | None]


def _counting(kinds: Callable[[Reading], Iterator[str]]) -> Callable[[Sequence[Reading], bool], Found | None]:
    def look(readings: Sequence[Reading], is_instruction: bool) -> Found | None:
        found = Counter(kind for reading in readings for kind in kinds(reading))
        return Found(found, 1.0) if found else None

    return look


def _injection(readings: Sequence[Reading], is_instruction: bool) -> Found | None:
    signals = injection.signals_of(readings, is_instruction=is_instruction)
    return Found(dict.fromkeys(signals, 1), injection.score(signals.values())) if signals else None


CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Check("secrets", "content_policy_violation", True, _counting(secrets.kinds)),
        Check("pii", "content_policy_violation", True, _counting(pii.kinds)),
        Check("injection", "prompt_injection_detected", False, _injection),
    )
}

VOCABULARY = frozenset().union(secrets.VOCABULARY, pii.VOCABULARY, injection.VOCABULARY)
"""The words that the checks ask about."""


def require(names: Iterable[str]) -> None:
    """Raises `LookupError` naming the checks that have no implementation. For start-up."""
    missing = sorted(set(names) - CHECKS.keys())
    if missing:
        raise LookupError(f"no implementation of the guard checks {', '.join(missing)}")
