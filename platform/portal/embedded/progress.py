"""What a person sees while things start."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Progress:
    """`write` gets pieces of text, not whole lines: what is waited for shows before it is there."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._label = ""  # of the step whose line is open

    def line(self, text: str = "") -> None:
        self._write(f"\n{text}\n" if self._label else f"{text}\n")
        self._label = ""

    @contextmanager
    def step(self, label: str, outcome: str = "ready") -> Iterator[None]:
        started = time.monotonic()
        self._open(label)
        try:
            yield
        except BaseException:
            self._close(label, "failed")
            raise
        self._close(label, f"{outcome} in {time.monotonic() - started:.1f} s")

    def _open(self, label: str) -> None:
        self._write(f"  {label:16} ")
        self._label = label

    def _close(self, label: str, outcome: str) -> None:
        if self._label != label:  # something was said meanwhile
            self._open(label)
        self._label = ""
        self._write(f"{outcome}\n")
