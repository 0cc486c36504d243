"""Where every connection comes in: the inference path to its lean handler, sockets to Channels, pages to Django."""

from __future__ import annotations

import asyncio
import gc
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import SessionMiddlewareStack
from django.conf import settings
from django.urls import get_resolver

from gateway import process
from kit import logs
from portal import checks, drain, health, metrics_page, page_metrics
from portal.lean import LeanHandler
from portal.page_threads import in_kept_threads
from portal.plain import PlainHandler
from portal.routing import websocket_urlpatterns

PAGE_THREADS = 6  # each with a connection for each database it asks
serves_gateway = settings.ROLE in ("all", "gateway")
serves_portal = settings.ROLE in ("all", "portal")
inference = (LeanHandler if settings.LEAN_INFERENCE_PATH else PlainHandler)(
    "gateway.urls", max_body_bytes=settings.MAX_REQUEST_BYTES
)
healthy = health.Health()
pages = page_metrics.counted(in_kept_threads(django_application, PAGE_THREADS))
sockets = AllowedHostsOriginValidator(SessionMiddlewareStack(URLRouter(websocket_urlpatterns)))


async def application(scope: Any, receive: Any, send: Any) -> None:
    """One ASGI application for both roles."""
    kind = scope["type"]
    if kind == "lifespan":
        await _lifespan(receive, send)
    elif kind == "websocket" and serves_portal:
        await sockets(scope, receive, send)
    elif kind == "http":
        await _http(scope, receive, send)


async def _http(scope: Any, receive: Any, send: Any) -> None:
    path = scope["path"]
    if path.startswith("/v1/") and serves_gateway:
        await inference(scope, receive, send)
    elif path == "/ready" and drain.has_begun():
        await drain.answer(scope, receive, send)
    elif path == metrics_page.PATH and settings.METRICS_TOKEN:
        await metrics_page.answer(scope, receive, send)
    elif path in health.PATHS:
        await healthy(scope, receive, send)
    elif serves_portal:
        await pages(scope, receive, send)
    else:
        await health.not_here(scope, receive, send)


def _load_pages() -> None:
    """All their code, which the first to come would wait for."""
    get_resolver().url_patterns  # noqa: B018


async def _lifespan(receive: Any, send: Any) -> None:
    """Starts the gateway before the first request and stops it after the last."""
    await receive()
    try:
        await asyncio.to_thread(checks.require_ordinary_roles, settings.ROLE)
        if serves_gateway:
            await process.start()
        if serves_portal:
            await asyncio.to_thread(_load_pages)
        metrics_page.start("web")
    except Exception as failure:
        await send({"type": "lifespan.startup.failed", "message": f"{type(failure).__name__}: {failure}"})
        raise
    gc.collect()
    gc.freeze()  # code and snapshot are no garbage: walking them again and again would stop every call meanwhile
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await process.stop()
    await asyncio.to_thread(metrics_page.stop)
    await asyncio.to_thread(logs.flush)  # the server ends by the signal it was sent: nothing runs at exit
    await send({"type": "lifespan.shutdown.complete"})
