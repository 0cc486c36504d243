"""Figures of the portal's own pages and of `/api`: how many, how they ended, what they took."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from kit import metrics

App = Callable[[Any, Any, Any], Awaitable[None]]
_ended = metrics.counter(
    "chancery_pages_total", "Requests of the portal's pages and of `/api` that have ended.", "surface", "status"
)
_duration = metrics.histogram("chancery_page_duration_seconds", "What they took.", "surface", bounds=metrics.SLOW)


def counted(app: App) -> App:
    """`app`, with each of its requests counted; a status is given as its class, `none` where nothing was sent."""

    async def count(scope: Any, receive: Any, send: Any) -> None:
        status = "none"

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = f"{message['status'] // 100}xx"
            await send(message)

        surface = "api" if scope["path"].startswith("/api/") else "pages"
        began = perf_counter()
        try:
            await app(scope, receive, sending)
        finally:
            _ended.of(surface, status).value += 1
            _duration.of(surface).observe(perf_counter() - began)

    return count
