"""Responses of the inference path: finished bytes and raw header pairs.

Django's own responses build, check and encode headers one by one; at hundreds of requests a second that is a
tenth of the gateway's work. These carry the pairs the server sends and become ordinary responses, headers and
all, only where somebody asks (Django's handler, the test client).
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from django.http.response import HttpResponseBase, ResponseHeaders
from django.utils.functional import cached_property

HeaderPairs = list[tuple[bytes, bytes]]
JSON = (b"content-type", b"application/json")
EVENTS: HeaderPairs = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class Reply(HttpResponseBase):
    """A whole answer."""

    streaming = False
    code: str | None = None  # of the error that it tells

    def __init__(self, status: int, content: bytes, headers: HeaderPairs) -> None:
        self._prepare(status, headers)
        self.content = content

    def _prepare(self, status: int, headers: HeaderPairs) -> None:
        self.status_code = status
        self.raw_headers = headers
        self.closed = False
        self._charset = "utf-8"
        self._handler_class = None
        self._resource_closers: list[Any] = []
        self._reason_phrase: str | None = None

    @cached_property
    def headers(self) -> ResponseHeaders:  # type: ignore[override]
        return ResponseHeaders({name.decode("latin-1"): value.decode("latin-1") for name, value in self.raw_headers})

    @cached_property
    def cookies(self) -> dict[str, Any]:  # type: ignore[override]
        return {}

    def __iter__(self) -> Any:
        return iter((self.content,))


class EventReply(Reply):
    """An answer in server-sent events. `closing` must run whether or not the iteration ever starts."""

    streaming = True
    is_async = True

    def __init__(self, events: AsyncIterable[bytes], headers: HeaderPairs) -> None:
        self._prepare(200, [*EVENTS, *headers])
        self.events = events

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self.events)
