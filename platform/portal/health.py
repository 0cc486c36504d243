"""`/health`: this process answers. `/ready`: it can do its work, each dependency with its state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson
import psycopg
from django.conf import settings
from redis import asyncio as redis
from redis.exceptions import RedisError

from gateway import process
from gateway.api import errors
from kit.errors import NotFound, Unavailable

PATHS = frozenset({"/health", "/ready"})
_DEADLINE_SECONDS = 2.0


def product_version() -> str:
    try:
        return version("chancery")
    except PackageNotFoundError:
        return "0.1.0"


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Serves both paths."""
    if scope["path"] == "/health":
        await _send(send, 200, {"status": "ok", "version": product_version()})
        return
    components = await ready()
    is_ready = all(component["status"] == "ok" for component in components.values())
    await _send(send, 200 if is_ready else 503, {"status": "ok" if is_ready else "unavailable", **components})


async def not_here(scope: Any, receive: Any, send: Any) -> None:
    """The answer of a process whose role does not include the address."""
    await _send(send, 404, errors.openai(NotFound("There is nothing at this address.")))


async def ready() -> dict[str, dict[str, Any]]:
    """Each component that matters to this process's role, by name."""
    checks: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {"database": _database, "redis": _redis}
    if settings.ROLE in ("all", "gateway"):
        checks["snapshot"] = _snapshot
    found = await asyncio.gather(*(_within_deadline(check) for check in checks.values()))
    return dict(zip(checks, found, strict=True))


async def _within_deadline(check: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            return await check()
    except (OSError, TimeoutError, psycopg.Error, RedisError, Unavailable) as failure:
        return {"status": "unavailable", "reason": type(failure).__name__}


async def _database() -> dict[str, Any]:
    async with await psycopg.AsyncConnection.connect(settings.GATEWAY_DSN, connect_timeout=2) as connection:
        await connection.execute("SELECT 1")
    return {"status": "ok"}


async def _redis() -> dict[str, Any]:
    """Of a gateway its own connection: a server that answers may be one that takes no writes."""
    if settings.ROLE in ("all", "gateway"):
        await process.services().admission.reach()
        return {"status": "ok"}
    async with redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        await client.ping()
    return {"status": "ok"}


async def _snapshot() -> dict[str, Any]:
    services = process.services()
    freshness = services.snapshot.freshness
    state = "ok" if freshness.holds(services.snapshot_max_age_seconds) else "unavailable"
    return {"status": state, "version": services.snapshot.version, "age_seconds": round(freshness.age_seconds(), 1)}


async def _send(send: Any, status: int, content: dict[str, Any]) -> None:
    body = orjson.dumps(content)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
