"""Who acts in a request: set once by the portal's middleware, read by admin and API."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from kit.context import Actor


def actor_of(request: HttpRequest) -> Actor:
    """The acting person. Raises `PermissionDenied` where nobody acts; addresses that need one never get here."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise PermissionDenied("Nobody is signed in.")
    return actor
