"""Whether this process has been asked to stop and only finishes what it has."""

from __future__ import annotations

from typing import Any

_has_begun = False
_BODY = b'{"status":"draining"}'
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_BODY)).encode()),
    (b"cache-control", b"no-store"),
]


def begin() -> None:
    """From here on `/ready` is not ready and every connection ends with the answer that is given on it."""
    global _has_begun
    _has_begun = True


def has_begun() -> bool:
    return _has_begun


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """What `/ready` says meanwhile."""
    await send({"type": "http.response.start", "status": 503, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})
