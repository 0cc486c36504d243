"""Which version of the product this is."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def product_version() -> str:
    """As installed; a checkout that was never installed is the version it was begun as."""
    try:
        return version("chancery")
    except PackageNotFoundError:
        return "0.1.0"
