"""Processes of a supervisor that died: recorded while they run, found and stopped by the next one.

On Linux the kernel asks them to stop when their supervisor dies; elsewhere, and while they are still at it, this does.
A record is `<process id> <start time> <stop signal>`: the start time tells the process from a later one of that number.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from portal.embedded.home import Home
from portal.embedded.programs import Program, signal_group, started_at

_STOP_SECONDS = 30.0


def record(home: Home, program: Program, pid: int) -> None:
    _path(home, program.name).write_text(f"{pid}\n{started_at(pid)}\n{program.stop_signal.value}")


def forget(home: Home, name: str) -> None:
    _path(home, name).unlink(missing_ok=True)


def running(home: Home) -> dict[str, int]:
    """Name and process id of every recorded process that still runs."""
    found = {path.stem: _running(path) for path in sorted(home.run.glob("*.pid"))}
    return {name: seen[0] for name, seen in found.items() if seen}


def stop(home: Home) -> list[str]:
    """Stops what an earlier supervisor left behind, and returns its names. Only for the holder of the home."""
    left = {path: seen for path in home.run.glob("*.pid") if (seen := _running(path))}
    for pid, number in left.values():
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    deadline = time.monotonic() + _STOP_SECONDS
    for path, (pid, _) in left.items():
        while _running(path) and time.monotonic() < deadline:
            time.sleep(0.05)
        signal_group(pid, signal.SIGKILL)
    for path in home.run.glob("*.pid"):
        path.unlink()
    return [path.stem for path in left]


def _running(path: Path) -> tuple[int, signal.Signals] | None:
    try:
        pid, started, number = path.read_text().splitlines()
    except (FileNotFoundError, ValueError):  # the latter for one that was being written when the machine stopped
        return None
    return (int(pid), signal.Signals(int(number))) if started_at(int(pid)) == started else None


def _path(home: Home, name: str) -> Path:
    return home.run / f"{name}.pid"
