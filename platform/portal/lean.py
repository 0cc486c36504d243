"""The ASGI handler of the inference path.

It calls the same views, found by the same URL configuration, as Django's handler would. What it leaves out, and
why it may be left out:

    middleware               sessions, CSRF, messages, language: an API call with a key has none of them; security
                             headers are added by the API itself
    request_started signals  close and reset the ORM's connections: no ORM here
    ThreadSensitiveContext   a thread for synchronous code: there is none
    spooled body file        the body is read once, up to a limit, and refused beyond it before it is complete
    ASGIRequest's META       a WSGI environment nobody reads; built only if asked for
    SimpleTemplateResponse   no templates

A task watches for the client's leaving and cancels the view, before the first upstream byte too. With
`LEAN_INFERENCE_PATH=false` Django's own handler serves the same addresses (`portal.plain`).
`tests/portal/test_lean.py` pins the parts of Django that this relies on, and that both answer alike.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, URLResolver, get_resolver
from django.utils.functional import cached_property

from gateway import process
from gateway.api import cors
from gateway.api import errors as api_errors
from gateway.api.replies import EventReply, Reply
from kit import errors
from kit.ids import new_id

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ClientGone(Exception):
    """The client left while its body was being read."""


class LeanRequest(HttpRequest):
    """What the API's views need of a request; the rest is made when asked for."""

    def __init__(self, scope: Scope, body: bytes) -> None:
        self.scope = scope
        self._body = body
        self.method = scope["method"]
        self.path = self.path_info = scope["path"]
        self.resolver_match = None
        self._read_started = False

    @cached_property
    def META(self) -> dict[str, Any]:  # type: ignore[override]
        headers = {
            "HTTP_" + name.decode("latin-1").upper().replace("-", "_"): value.decode("latin-1")
            for name, value in self.scope["headers"]
        }
        for plain in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if f"HTTP_{plain}" in headers:
                headers[plain] = headers.pop(f"HTTP_{plain}")
        query = self.scope.get("query_string", b"").decode("latin-1")
        host, port = self.scope.get("server") or ("unknown", 0)
        return {**headers, "QUERY_STRING": query, "SERVER_NAME": host, "SERVER_PORT": str(port)}

    @cached_property
    def GET(self) -> Any:  # type: ignore[override]
        from django.http import QueryDict

        return QueryDict(self.META["QUERY_STRING"])

    @cached_property
    def COOKIES(self) -> dict[str, str]:  # type: ignore[override]
        return {}


class LeanHandler:
    """Serves one URL configuration whose views are all asynchronous."""

    def __init__(self, urlconf: str, *, max_body_bytes: int) -> None:
        self._resolver: URLResolver = get_resolver(urlconf)
        self._max_body_bytes = max_body_bytes
        self._views: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(scope, receive, self._max_body_bytes)
        except ClientGone:
            return
        except errors.RequestTooLarge as refused:
            await send_reply(api_errors.render(scope["path"], refused), send)
            return
        work = asyncio.create_task(self._serve(LeanRequest(scope, body), send))
        watcher = asyncio.create_task(_watch(receive, work))
        try:
            await work
        except asyncio.CancelledError:
            if not work.cancelled():
                work.cancel()
                raise
        finally:
            watcher.cancel()

    async def _serve(self, request: LeanRequest, send: Send) -> None:
        await send_reply(await answer(request, self._view), send)

    def _view(self, request: Any) -> Awaitable[HttpResponseBase]:
        found = self._views.get(request.path)
        if found is None:
            try:
                match = self._resolver.resolve(request.path)
            except Resolver404:
                raise Http404 from None
            if match.kwargs or match.args:
                view: Awaitable[HttpResponseBase] = match.func(request, *match.args, **match.kwargs)
                return view
            found = self._views[request.path] = match.func
        result: Awaitable[HttpResponseBase] = found(request)
        return result


async def answer(request: HttpRequest, view: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> HttpResponseBase:
    """What `view` answers, with this API's own words for preflights, unknown addresses, wrong methods and faults."""
    assert request.method is not None
    try:
        if request.method == "OPTIONS":
            return cors.preflight(process.services().snapshot, dict(request.scope["headers"]))  # type: ignore[attr-defined]
        response = await view(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = {"allow": response.get("allow", "")}
            raise errors.MethodNotAllowed(f"{request.method} is not answered here.", headers=allowed)
        return response
    except Http404:
        return api_errors.render(request.path, errors.NotFound("There is nothing at this address."))
    except errors.ChanceryError as refused:
        return api_errors.render(request.path, refused)
    except Exception:
        request_id = str(new_id())
        logger.exception("unhandled in %s %s, request %s", request.method, request.path, request_id)
        fault = errors.ChanceryError("Something went wrong here.")
        headers = [(b"x-request-id", request_id.encode())]
        return api_errors.render(request.path, fault, headers, request_id)


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises `errors.RequestTooLarge` as soon as it is known to be, `ClientGone`."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        whole: bytes = message.get("body", b"")
        if len(whole) > limit:
            raise _too_large(limit)
        return whole
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


def _too_large(limit: int) -> errors.RequestTooLarge:
    return errors.RequestTooLarge(f"A body may have at most {limit} bytes.", headers={"connection": "close"})


async def _watch(receive: Receive, work: asyncio.Task[None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    work.cancel()


async def send_reply(response: HttpResponseBase, send: Send) -> None:
    if isinstance(response, Reply):
        headers = response.raw_headers
    else:
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
    if isinstance(response, EventReply):
        async with aclosing(response.events) as events:  # type: ignore[type-var]
            await send(start)
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    await send(start)
    await send({"type": "http.response.body", "body": response.content})  # type: ignore[attr-defined]
