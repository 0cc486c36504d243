"""A bounded memory of what the database was asked for, that asks once for all who wait for the same thing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from kit.clock import monotonic

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Keeps at most `most` values, each for `seconds`; the oldest goes first."""

    def __init__(self, *, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._values: dict[K, tuple[float, V]] = {}
        self._asking: dict[K, asyncio.Task[V]] = {}

    def get(self, key: K) -> V | None:
        found = self._values.get(key)
        return found[1] if found is not None and monotonic() < found[0] else None

    async def obtain(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        """The remembered value, else what `ask` returns. Its failure is that of all who wait."""
        found = self.get(key)
        if found is not None:
            return found
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(key, ask))
        return await asyncio.shield(task)

    async def _ask(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        try:
            value = await ask()
        finally:
            del self._asking[key]
        self._values.pop(key, None)
        self._values[key] = (monotonic() + self._seconds, value)
        if len(self._values) > self._most:
            del self._values[next(iter(self._values))]
        return value
