"""Where a child's output goes: straight into a file, so that it neither blocks nor is lost when the supervisor dies."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import IO

_LIMIT_BYTES = 20 * 1024 * 1024


class Log:
    """At most `_LIMIT_BYTES` and as much again in a previous file, give or take what comes between two looks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> IO[bytes]:
        self.shorten()
        return os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")

    def shorten(self) -> None:
        """Whoever writes appends, so the file can be emptied under it."""
        if self.path.exists() and self.path.stat().st_size > _LIMIT_BYTES:
            with suppress(OSError):  # a full disk is a reason to go on
                shutil.copyfile(self.path, self.path.with_suffix(".1.log"))
            os.truncate(self.path, 0)

    def last_lines(self, count: int = 15) -> str:
        if not self.path.is_file():
            return ""
        with self.path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-count:])
