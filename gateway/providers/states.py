"""How each provider did when this process called it last. Nobody calls one to find out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from gateway.providers.base import FailureClass
from kit import clock

_REMEMBERED_SECONDS = 600.0
# The provider answered, and would have answered another call.
_NO_FAULT_OF_ITS = frozenset({FailureClass.BAD_REQUEST, FailureClass.CONTEXT_LENGTH, FailureClass.CONTENT_POLICY})


@dataclass(frozen=True, slots=True)
class Seen:
    """`failure` is none where the provider did its part; `at` is monotonic."""

    failure: FailureClass | None
    at: float


class ProviderStates:
    """By the provider's id. As many as the register has: those it no longer has are forgotten when somebody looks."""

    def __init__(self) -> None:
        self._seen: dict[UUID, Seen] = {}

    def note(self, provider_id: UUID, failure: FailureClass | None) -> None:
        self._seen[provider_id] = Seen(None if failure in _NO_FAULT_OF_ITS else failure, clock.monotonic())

    def of(self, registered: Iterable[UUID]) -> dict[UUID, Seen]:
        """What is known of those in the register, none of it older than ten minutes."""
        since = clock.monotonic() - _REMEMBERED_SECONDS
        known = set(registered)
        self._seen = {
            identifier: seen for identifier, seen in self._seen.items() if identifier in known and seen.at >= since
        }
        return dict(self._seen)
