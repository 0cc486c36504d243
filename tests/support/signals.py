"""Processes that stand still."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.bench import processes


def send(pid: int, number: signal.Signals) -> None:
    """Nothing where it has ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """The process and its children, the parent first: it makes no new ones."""
    members = processes.tree(pid)
    for member in members:
        send(member, signal.SIGSTOP)
    try:
        yield
    finally:
        for member in reversed(members):
            send(member, signal.SIGCONT)
