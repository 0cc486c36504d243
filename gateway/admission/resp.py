"""The few bytes of the Redis protocol that are put together by hand."""

from __future__ import annotations

import hiredis

Argument = bytes | str | int


def bulks(arguments: tuple[Argument, ...]) -> bytes:
    """Arguments as bulk strings, to be joined with others under one array header."""
    packed: bytes = hiredis.pack_command(arguments)  # type: ignore[arg-type]  # the stub means tuple[..., ...]
    return packed[packed.index(b"\n") + 1 :]
