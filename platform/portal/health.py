"""`/health`: this process answers. `/ready`: it can do its work, each component with its state.

Anybody may ask, so an answer names components, states and types of failure. Who sends `METRICS_TOKEN` as a bearer is
told versions, ages and providers too.
"""

from __future__ import annotations

from typing import Any

import orjson
from django.conf import settings

from gateway.api import errors
from kit.errors import NotFound
from kit.version import product_version
from portal import metrics_page, readiness
from portal.readiness import Component, Readiness, State

PATHS = frozenset({"/health", "/ready"})


class Health:
    """Serves both paths of one process."""

    def __init__(self) -> None:
        self._readiness = Readiness()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/health":
            await _send(send, 200, {"status": "ok", "version": product_version()})
            return
        components = await self._readiness.components()
        status = readiness.overall(components)
        detailed = may_see_details(scope["headers"])
        told = {component.name: _told(component, state, detailed) for component, state in components}
        await _send(send, 503 if status == "unavailable" else 200, {"status": status, **told})


async def not_here(scope: Any, receive: Any, send: Any) -> None:
    """The answer of a process whose role does not include the address."""
    await _send(send, 404, errors.openai(NotFound("There is nothing at this address.")))


def may_see_details(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the bearer token is that of the metrics; where none is set, nobody may."""
    sent = dict(headers).get(b"authorization", b"").decode("latin-1")
    return bool(settings.METRICS_TOKEN) and metrics_page.may_read(sent)


def _told(component: Component, state: State, detailed: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"status": state.status, "needed": component.needed}
    if state.reason is not None:
        told["reason"] = state.reason
    if detailed:
        told.update(state.details)
    return told


async def _send(send: Any, status: int, content: dict[str, Any]) -> None:
    body = orjson.dumps(content)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
