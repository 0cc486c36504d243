"""A PostgreSQL URL as Django's settings want it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


def django(url: str, *, role: str | None = None) -> dict[str, Any]:
    """The entry for `DATABASES`. `role` is switched to on connecting. An empty URL gives an entry that cannot connect.

    A socket directory is given as `?host=/path`, as libpq does. Raises `ValueError` for another scheme.
    """
    parts = urlsplit(url or "postgresql:///")
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError("a database URL begins with postgresql://")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if role:
        options["options"] = f"-c role={role}"
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(options.pop("port", parts.port or "")),
        "OPTIONS": options,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
