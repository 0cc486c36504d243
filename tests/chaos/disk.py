"""A small disk of its own for the installation, which can be filled to the last byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SIZE = "2560m"


class Disk:
    """`is_small` where mounting is allowed; elsewhere it is the machine's own disk, which is not filled."""

    def __init__(self, path: Path, *, is_small: bool) -> None:
        self.is_small = is_small
        self._filler = path / "filler"

    def fill(self) -> None:
        room = os.statvfs(self._filler.parent)
        with self._filler.open("wb") as file, suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize)

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def mounted(path: Path) -> Iterator[Disk]:
    """A file system in memory at `path`, which needs root; without it, `path` as it is."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=711", "tmpfs", str(path)]
    is_small = os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0
    disk = Disk(path, is_small=is_small)
    try:
        yield disk
    finally:
        disk.free()
        if is_small:
            subprocess.run(["umount", "--lazy", str(path)], check=True)
