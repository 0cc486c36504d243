"""Starting and stopping what is measured, and reading from /proc what it cost.

A figure is always that of a process *tree*: a worker with a pool is charged for the pool.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STOP_SECONDS = 15.0


class StartFailed(Exception):
    """A process did not come up; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process tree has used so far: CPU since its start, memory resident now (pages shared by several of its
    processes counted in each)."""

    cpu_seconds: float
    resident_bytes: int


def _stat(pid: int) -> list[str] | None:
    """The fields of proc(5)'s stat after the command, which may hold spaces and brackets; None once it is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for parent in found:
        found.extend(children.get(parent, ()))
    return found


def parent(pid: int) -> int:
    fields = _stat(pid)
    if fields is None:
        raise ProcessLookupError(pid)
    return int(fields[1])


def cost(pid: int) -> Cost:
    """utime, stime and the same of children already waited for, over the tree; 1/100 s is the finest it tells."""
    ticks = pages = 0
    for member in tree(pid):
        if fields := _stat(member):
            ticks += sum(int(value) for value in fields[11:15])
            pages += int(fields[21])
    return Cost(ticks / TICKS_PER_SECOND, pages * PAGE_BYTES)


def machine_cpu_seconds() -> float:
    """What all processors together have spent on anything but waiting, the hypervisor's other guests included."""
    user, nice, system, _, _, *interrupts_and_steal = map(
        int, (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + sum(interrupts_and_steal)) / TICKS_PER_SECOND


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Spawned:
    """One child process with its output in a file."""

    def __init__(
        self, command: Sequence[str | Path], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_until_listening(self, port: int, *, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise StartFailed(f"{self.process.args!r} ended with {self.process.returncode}\n{self._last_words()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        self.stop()
        raise StartFailed(f"nothing listens on port {port} after {seconds:.0f} s\n{self._last_words()}")

    def stop(self) -> None:
        """Asks, waits, then kills what is left of the tree."""
        members = tree(self.pid)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for member in members[1:]:
            if (fields := _stat(member)) and int(fields[1]) == 1:
                os.kill(member, 9)

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
