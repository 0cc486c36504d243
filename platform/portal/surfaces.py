"""Which surface of the inference API a request is for: the first word after the version, where the API has it."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLResolver

_OTHER = "other"


class Surfaces:
    """By path, from the URL configuration itself, so that a new router has its name in logs and figures."""

    def __init__(self, resolver: URLResolver) -> None:
        words = (route.strip("^/").split("/") for route in _routes(resolver))
        self._names = {parts[1] for parts in words if len(parts) > 1 and parts[1].isidentifier()}

    def of(self, path: str) -> str:
        """Its name; never text of the request that the API does not have."""
        parts = path.split("/", 3)
        return parts[2] if len(parts) > 2 and parts[2] in self._names else _OTHER


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, route)
        else:
            yield route
