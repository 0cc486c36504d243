"""Django's own handler on the addresses of the inference path: what `LEAN_INFERENCE_PATH=false` puts there.

The middleware, the signals and Django's request are as for a page; the answers are those of `portal.lean`.
"""

from __future__ import annotations

from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http.response import HttpResponseBase
from django.urls import get_resolver

from gateway import telemetry
from portal.lean import answer, begin, receive_body
from portal.surfaces import Surfaces


class PlainHandler(ASGIHandler):
    """Serves one URL configuration whose views are all asynchronous."""

    def __init__(self, urlconf: str, *, max_body_bytes: int) -> None:
        self._urlconf = urlconf
        self._max_body_bytes = max_body_bytes
        self._surfaces = Surfaces(get_resolver(urlconf))
        super().__init__()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        report = begin(scope, self._surfaces)
        body = await receive_body(report, scope, receive, send, self._max_body_bytes)
        if body is None:
            return
        read = False

        async def receive_again() -> Any:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": body}

        try:
            await super().__call__(scope, receive_again, send)
        finally:
            telemetry.finish(report)

    def create_request(self, scope: Any, body_file: Any) -> Any:
        request, refusal = super().create_request(scope, body_file)
        if request is not None:
            request.urlconf = self._urlconf
            request._body = body_file.read()  # within the limit of this path, which is not that of forms
        return request, refusal

    async def _get_response_async(self, request: ASGIRequest) -> HttpResponseBase:
        return await answer(request, super()._get_response_async)  # type: ignore[misc]
