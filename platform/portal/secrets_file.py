"""Where a command leaves what is shown once: a file for its owner alone, which was not there before."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from django.core.management.base import CommandError


def keep(secrets: Mapping[str, str], target: Path | None) -> None:
    """Call it before anything is committed: a secret that nobody has is of no use. Without secrets there is no file.

    Raises `CommandError` where none is named, `OSError` where it is there already or cannot be written.
    """
    if not secrets:
        return
    if target is None:
        raise CommandError("Keys are made: say with --secrets where their secrets go.")
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(dict(secrets), file, indent=2)
