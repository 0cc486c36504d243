"""Files that came with a wheel, found by path. The wheels' own code is not imported."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path


class NotInstalled(Exception):
    """A service's wheel is missing."""


def directory(package: str) -> Path:
    """Where a top-level package lies. Raises `NotInstalled`."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise NotInstalled(
            f"{package} is not installed: `pip install --no-deps --require-hashes -r requirements.lock` brings it."
        )
    return Path(found.submodule_search_locations[0])


def version(distribution: str) -> str:
    return importlib.metadata.version(distribution)
