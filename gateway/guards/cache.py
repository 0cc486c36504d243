"""What was found in texts seen before, so that the old turns of a conversation are not analysed again."""

from __future__ import annotations

import os
from collections import OrderedDict
from hashlib import blake2b
from typing import Generic, TypeVar

Value = TypeVar("Value")

_ENTRY_BYTES = 400  # key, value and their places, measured


class Cache(Generic[Value]):
    """Least recently used, bounded in bytes, for one thread. Texts are kept as keyed digests only."""

    def __init__(self, max_bytes: int) -> None:
        self.max_entries = max(1, max_bytes // _ENTRY_BYTES)
        self._key = os.urandom(32)
        self._entries: OrderedDict[tuple[bytes, object], Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def key(self, text: str, *parts: object) -> tuple[bytes, object]:
        """A key for a text analysed in the way that `parts` tell."""
        return blake2b(text.encode("utf-8", "replace"), digest_size=16, key=self._key).digest(), parts

    def get(self, key: tuple[bytes, object]) -> Value | None:
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: tuple[bytes, object], value: Value) -> None:
        self._entries[key] = value
        if len(self._entries) > self.max_entries:
            self._entries.popitem(last=False)
