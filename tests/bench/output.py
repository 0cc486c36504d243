"""Progress goes to standard error, so that standard output holds the report alone."""

from __future__ import annotations

import sys
import time


def say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()
