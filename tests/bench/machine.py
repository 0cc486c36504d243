"""What the figures were measured on: without it a table of milliseconds says nothing."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile

_WRITES = 200
_WAKES = 500
_PAGE = b"\0" * 8192


@dataclass(frozen=True, slots=True)
class Machine:
    """`fsync_p50_ms` and `fsync_p95_ms` time one 8 KiB write with fdatasync, PostgreSQL's own way on Linux, where the
    database lies; two of them are the floor under a request that is recorded before and after.

    `loop_ms` is a fixed piece of Python and `wake_us` the CPU a process uses to sleep and wake, which on a virtual
    machine is most of what an event of a lone stream costs: with them runs of different days can be compared.
    """

    cpu: str
    cores: int
    memory_gb: float
    kernel: str
    python: str
    loop_ms: float
    wake_us: float
    load_average: float
    fsync_p50_ms: float
    fsync_p95_ms: float
    commit: str

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gb:.0f} GB, Linux {self.kernel}, Python {self.python}; "
            f"a fixed loop {self.loop_ms:.1f} ms, a wake-up {self.wake_us:.0f} µs; "
            f"load {self.load_average:.2f} before the run; fdatasync of 8 KiB p50 {self.fsync_p50_ms:.2f} ms, "
            f"p95 {self.fsync_p95_ms:.2f} ms; commit {self.commit}"
        )


def describe(directory: Path) -> Machine:
    """`directory` lies on the disk that the database uses."""
    fsyncs = sorted(_fsync_ms(directory))
    memory_kb = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=int(memory_kb[1]) / 1e6 if memory_kb else 0.0,
        kernel=platform.release(),
        python=platform.python_version(),
        loop_ms=min(_loop_ms() for _ in range(5)),
        wake_us=_wake_us(),
        load_average=os.getloadavg()[0],
        fsync_p50_ms=median(fsyncs),
        fsync_p95_ms=fsyncs[int(0.95 * len(fsyncs))],
        commit=_commit(),
    )


def _cpu() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _loop_ms() -> float:
    started = time.process_time()
    counts: dict[int, int] = {}
    for number in range(100_000):
        counts[number & 255] = counts.get(number & 255, 0) + number
    return 1000 * (time.process_time() - started)


def _wake_us() -> float:
    started = time.process_time()
    for _ in range(_WAKES):
        time.sleep(0.001)
    return 1e6 * (time.process_time() - started) / _WAKES


def _fsync_ms(directory: Path) -> list[float]:
    """Overwrites allocated pages, as a write-ahead log does, so that no file growth is timed along."""
    times = []
    with NamedTemporaryFile(dir=directory) as file:
        descriptor = file.fileno()
        os.pwrite(descriptor, _PAGE * _WRITES, 0)
        os.fsync(descriptor)
        for position in range(_WRITES):
            started = time.perf_counter()
            os.pwrite(descriptor, _PAGE, position * len(_PAGE))
            os.fdatasync(descriptor)
            times.append(1000 * (time.perf_counter() - started))
    return times


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
