"""What Python imports at its start in programs that are to be broken: its folder is first on their
`PYTHONPATH`.

`CHAOS_CLOCK` names a file that holds the seconds by which the process is off, as a double. It is mapped, so that the
clock can jump while the process runs. Durations (`time.monotonic`) stay right, as they do on a machine whose clock is
set. `CHAOS_KILLS` names the program's orders to kill itself at a point of its work (see `tests/chaos/points.py`).
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path


def install(path: Path) -> None:
    from kit import clock

    with path.open("rb") as file:
        shared = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    true_time, true_time_ns = time.time, time.time_ns

    def off_by() -> float:
        seconds: float = struct.unpack_from("d", shared)[0]
        return seconds

    def wrong_now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=off_by())

    clock.now = wrong_now
    time.time = lambda: true_time() + off_by()
    time.time_ns = lambda: true_time_ns() + int(off_by() * 1e9)


if "CHAOS_CLOCK" in os.environ:
    install(Path(os.environ["CHAOS_CLOCK"]))
if "CHAOS_KILLS" in os.environ:
    from tests.chaos import points

    points.install(Path(os.environ["CHAOS_KILLS"]))
