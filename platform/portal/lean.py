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
from time import perf_counter
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, URLResolver, get_resolver
from django.utils.functional import cached_property

from gateway import process, telemetry
from gateway.api import cors
from gateway.api import errors as api_errors
from gateway.api.replies import EventReply, Reply
from gateway.telemetry import report as reports
from gateway.telemetry.report import Report
from kit import errors, logs
from portal.surfaces import Surfaces

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
        self._surfaces = Surfaces(self._resolver)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        report = begin(scope, self._surfaces)
        body = await receive_body(report, scope, receive, send, self._max_body_bytes)
        if body is None:
            return
        work = asyncio.create_task(self._serve(LeanRequest(scope, body), send, report))
        watcher = asyncio.create_task(_watch(receive, work))
        try:
            await work
        except asyncio.CancelledError:
            if not work.cancelled():
                work.cancel()
                raise
        finally:
            watcher.cancel()

    async def _serve(self, request: LeanRequest, send: Send, report: Report) -> None:
        """The report is finished here, whatever happens: what a cancelled call has to settle is done by then."""
        try:
            await send_reply(await answer(request, self._view), send)
        finally:
            telemetry.finish(report)

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


def begin(scope: Scope, surfaces: Surfaces) -> Report:
    """The report of a request that has just come, where everybody on its way finds it."""
    report = scope[reports.SCOPE_KEY] = Report(surfaces.of(scope["path"]), scope["headers"])
    logs.request_id.set(report.request_id)
    telemetry.begin(report)
    return report


async def answer(request: HttpRequest, view: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> HttpResponseBase:
    """What `view` answers, with this API's own words for preflights, unknown addresses, wrong methods and faults."""
    report = reports.of(request.scope)  # type: ignore[attr-defined]
    response = await _answer(request, view, report)
    report.answered = response.status_code
    if isinstance(response, Reply):
        report.code = response.code
    return response


async def _answer(
    request: HttpRequest, view: Callable[[HttpRequest], Awaitable[HttpResponseBase]], report: Report
) -> HttpResponseBase:
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
        return refusal(request.path, errors.NotFound("There is nothing at this address."), report)
    except errors.ChanceryError as refused:
        return refusal(request.path, refused, report)
    except Exception:
        logger.exception("unhandled on the surface %s, request %s", report.surface, report.request_id)
        return refusal(request.path, errors.ChanceryError("Something went wrong here."), report)


def refusal(path: str, refused: errors.ChanceryError, report: Report) -> Reply:
    request_id = str(report.request_id)
    return api_errors.render(path, refused, [(b"x-request-id", request_id.encode())], request_id)


async def receive_body(report: Report, scope: Scope, receive: Receive, send: Send, limit: int) -> bytes | None:
    """The whole body; none where nothing more is to be done: the client left, or was told that it sends too much."""
    is_complete = False
    try:
        body = await read_body(scope, receive, limit)
        is_complete = True
        report.received = perf_counter()
        return body
    except ClientGone:
        return None
    except errors.RequestTooLarge as refused:
        report.answered, report.code = refused.status, refused.code
        await send_reply(refusal(scope["path"], refused, report), send)
        return None
    finally:
        if not is_complete:
            telemetry.finish(report)


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
