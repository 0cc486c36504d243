"""By how much each process's clock is off, in a file that the process has mapped (see `hook/sitecustomize.py`)."""

from __future__ import annotations

import struct
from pathlib import Path

HOOK = Path(__file__).parent / "hook"


def path_of(folder: Path, program: str) -> Path:
    return folder / f"{program}.clock"


def create(folder: Path, program: str) -> Path:
    """A clock that is right."""
    path = path_of(folder, program)
    path.write_bytes(struct.pack("d", 0.0))
    return path


def set_off(folder: Path, program: str, seconds: float) -> None:
    """In place: a new file would not be the one that is mapped."""
    with path_of(folder, program).open("r+b") as file:
        file.write(struct.pack("d", seconds))
