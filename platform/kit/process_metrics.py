"""What a process says of itself: memory, descriptors, threads, the garbage collector, lines of logs that wait."""

from __future__ import annotations

import gc
import resource
import threading
import time
from pathlib import Path
from time import perf_counter

from kit import logs, metrics

_PAGE_BYTES = resource.getpagesize()
_started = time.time()
_collections = metrics.counter("chancery_gc_collections_total", "Runs of the garbage collector.", "generation")
_paused = metrics.histogram("chancery_gc_pause_seconds", "How long each run of the garbage collector stopped all else.")


class _Pauses:
    def __init__(self) -> None:
        self._began = 0.0
        self._runs = [_collections.of(str(generation)) for generation in range(3)]
        self._series = _paused.of()

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = perf_counter()
        else:
            self._series.observe(perf_counter() - self._began)
            self._runs[info["generation"]].value += 1


def _resident_bytes() -> float | None:
    try:
        return float(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:  # no Linux
        return None


def _descriptors() -> float | None:
    try:
        return float(sum(1 for _ in Path("/proc/self/fd").iterdir()))
    except OSError:
        return None


metrics.gauge("chancery_process_start_time_seconds", "When it started, in seconds since 1970.", lambda: _started)
metrics.gauge("chancery_process_resident_memory_bytes", "Memory it holds.", _resident_bytes)
metrics.gauge("chancery_process_cpu_seconds", "Processor time it has used.", time.process_time)
metrics.gauge("chancery_process_open_descriptors", "Files and sockets it has open.", _descriptors)
metrics.gauge(
    "chancery_process_most_descriptors",
    "How many of them it may have open.",
    lambda: float(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
)
metrics.gauge("chancery_process_threads", "Its threads.", lambda: float(threading.active_count()))
metrics.gauge(
    "chancery_log_lines_waiting", "Lines of logs that are not written yet.", lambda: float(logs.lines_waiting())
)


def watch_collector() -> None:
    """Counts the garbage collector's runs from now on."""
    gc.callbacks.append(_Pauses())
