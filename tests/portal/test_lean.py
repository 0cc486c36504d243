"""The inference path without Django's handler answers what it answers with it, and what it relies on is there."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, get_resolver

from gateway.api.api import api
from gateway.api.replies import Reply
from kit import errors
from portal.lean import ClientGone, LeanRequest, read_body
from tests.support import gateway as gateways
from tests.support.gateway import RunningGateway
from tests.support.loopback import WITHOUT_TLS
from tests.support.world import World

HELLO = [{"role": "user", "content": "Hello"}]
CHAT = {"model": "helper", "messages": HELLO}
JSON = {"content-type": "application/json"}
# Of each request another: ids, times, and what time is measured by.
VOLATILE = {"x-request-id", "x-chancery-record", "date", "server-timing", "x-latency-ms", "server"}
# Of pages; the middleware adds them to whatever it sees.
OF_PAGES = {
    "content-security-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
    "cache-control",
    "vary",
    "connection",
}


@pytest.fixture(scope="module")
def plain(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway whose inference path Django's own handler serves."""
    log = tmp_path_factory.mktemp("plain") / "log"
    running = gateways.start(environment, log, EGRESS_ALLOWED_NETWORKS="127.0.0.0/8", LEAN_INFERENCE_PATH="false")
    yield running
    running.stop()


CALLS: dict[str, dict[str, Any]] = {
    "a chat": {"json": CHAT},
    "a stream": {"json": {**CHAT, "stream": True, "stream_options": {"include_usage": True}}},
    "a stream cut upstream": {"json": {**CHAT, "stream": True, "metadata": {"dummy": "tokens=20 cut=5"}}},
    "a prompt": {"path": "/v1/generate", "json": {"prompt": "Hello", "model": "helper"}},
    "a list": {"path": "/v1/models", "method": "GET"},
    "a model": {"path": "/v1/models/helper", "method": "GET"},
    "an unknown model": {"json": {**CHAT, "model": "nothing"}},
    "no model's name": {"path": "/v1/models/no/thing", "method": "GET"},
    "an upstream's failure": {"json": {**CHAT, "metadata": {"dummy": "status=500"}}},
    "a wrong field": {"json": {**CHAT, "temperature": "hot"}},
    "no JSON": {"content": b"{", "headers": JSON},
    "no body": {},
    "a form": {"data": {"model": "helper"}},
    "four megabytes": {"json": {**CHAT, "user": "x" * 4_000_000}},
    "no key": {"json": CHAT, "headers": {"authorization": ""}},
    "an unknown address": {"path": "/v1/nothing"},
    "an address without its last part": {"path": "/v1/chat"},
    "a wrong method": {"method": "PUT", "json": CHAT},
    "a preflight": {"method": "OPTIONS", "headers": {"origin": "https://a.example.com"}},
}


def ask(gateway: RunningGateway, world: World, call: dict[str, Any]) -> httpx.Response:
    asked = {"method": "POST", "path": "/v1/chat/completions", **call}
    headers = {**world.headers, **asked.pop("headers", {})}
    gateway.catch_up()
    method, address = asked.pop("method"), gateway.url + asked.pop("path")
    return httpx.request(method, address, headers=headers, timeout=30, verify=WITHOUT_TLS, **asked)


def content(answer: httpx.Response) -> str:
    """The body without what is another each time."""
    text = re.sub(r'"(id|request_id|request)":"[^"]*"', r'"\1":""', answer.text)
    return re.sub(r'"(created|latency_ms|duration_ms)":[0-9.]+', r'"\1":0', text)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_both_handlers_answer_alike(
    gateway: RunningGateway, plain: RunningGateway, world: World, upstream: str, call: dict[str, Any]
) -> None:
    world.serve("helper", upstream)
    lean, full = ask(gateway, world, call), ask(plain, world, call)
    assert (lean.status_code, content(lean)) == (full.status_code, content(full))
    assert ("x-request-id" in lean.headers) == ("x-request-id" in full.headers)
    kept = [
        {name: value for name, value in answer.headers.items() if name not in VOLATILE | OF_PAGES}
        for answer in (lean, full)
    ]
    if "json" in lean.headers.get("content-type", "") and lean.status_code == 200:
        for headers in kept:  # a latency has more or fewer digits
            headers.pop("content-length", None)
    assert kept[0] == kept[1]


def test_a_body_that_is_too_long_is_refused_by_both(
    environment: dict[str, str], world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for lean in ("true", "false"):
        log = tmp_path_factory.mktemp("small") / "log"
        small = gateways.start(environment, log, MAX_REQUEST_BYTES="1000", LEAN_INFERENCE_PATH=lean)
        try:
            answer = small.post("/v1/chat/completions", headers=world.headers, content=b"x" * 1_001)
        finally:
            small.stop()
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


def body_of(*messages: dict[str, Any], limit: int = 10, headers: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
    left = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(left)

    return asyncio.run(read_body({"headers": headers}, receive, limit))


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_is_read_whole_however_it_comes() -> None:
    assert body_of({"type": "http.request"}) == b""
    assert body_of(part(b"x" * 10)) == b"x" * 10
    assert body_of(part(b"abc", more=True), part(b"", more=True), part(b"def")) == b"abcdef"


def test_a_body_beyond_the_limit_is_refused_as_soon_as_it_is_known_to_be() -> None:
    with pytest.raises(errors.RequestTooLarge):
        body_of(part(b"x" * 11))
    with pytest.raises(errors.RequestTooLarge):
        body_of(part(b"x" * 6, more=True), part(b"x" * 5, more=True))
    with pytest.raises(errors.RequestTooLarge):
        body_of(headers=((b"content-length", b"11"),))


def test_a_client_that_leaves_while_it_sends_is_noticed() -> None:
    with pytest.raises(ClientGone):
        body_of(part(b"abc", more=True), {"type": "http.disconnect"})
    with pytest.raises(ClientGone):
        body_of({"type": "http.disconnect"})


def request(**scope: Any) -> LeanRequest:
    known = {"method": "POST", "path": "/v1/models", "headers": [(b"content-type", b"a/b"), (b"x-y", b"z")]}
    return LeanRequest({**known, **scope}, b"{}")


def test_djangos_request_reads_the_body_that_is_set() -> None:
    assert isinstance(request(), HttpRequest)
    assert request().body == b"{}"


def test_what_is_asked_of_a_request_later_is_made_then() -> None:
    made = request(query_string=b"a=1&a=2", server=("localhost", 80))
    assert (made.META["CONTENT_TYPE"], made.META["HTTP_X_Y"], made.META["SERVER_PORT"]) == ("a/b", "z", "80")
    assert made.headers["x-y"] == "z"
    assert (made.GET.getlist("a"), made.COOKIES) == (["1", "2"], {})


def test_djangos_resolver_finds_the_views_and_says_where_there_is_none() -> None:
    resolver = get_resolver("gateway.urls")
    assert resolver.resolve("/v1/models/a/b").kwargs == {"name": "a/b"}
    assert resolver.resolve("/v1/models").kwargs == {}
    with pytest.raises(Resolver404):
        resolver.resolve("/v1/nothing")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/generate", "/v1/models", "/v1/models/a"])
def test_every_view_is_asynchronous_and_free_of_csrf(path: str) -> None:
    view = get_resolver("gateway.urls").resolve(path).func
    assert asyncio.iscoroutinefunction(view)
    assert getattr(view, "csrf_exempt", False)


def test_ninja_returns_what_an_operation_returns_and_says_which_methods_there_are() -> None:
    view = get_resolver("gateway.urls").resolve("/v1/models").func
    answer = asyncio.run(view(request(method="PUT")))
    assert (answer.status_code, answer.get("allow")) == (405, "GET")
    assert api.create_temporal_response(request()) is api.create_temporal_response(request())


def test_a_reply_is_a_response_to_whoever_asks() -> None:
    reply = Reply(201, b"{}", [(b"content-type", b"application/json"), (b"x-a", b"\xe9")])
    assert (reply["X-A"], reply.reason_phrase, reply.charset, list(reply)) == ("é", "Created", "utf-8", [b"{}"])
    reply["x-b"] = "c"
    assert dict(reply.items())["x-b"] == "c"
    reply.close()
    assert reply.closed
    assert {*vars(HttpResponse())} - {"_container"} <= {*vars(reply), "headers", "cookies"}


def test_djangos_handler_sends_a_reply_as_it_is() -> None:
    sent: list[Mapping[str, Any]] = []

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    reply = Reply(200, json.dumps(CHAT).encode(), [(b"content-type", b"application/json")])
    asyncio.run(ASGIHandler().send_response(reply, send))
    assert sent[0]["type"] == "http.response.start"
    assert [(name.lower(), value) for name, value in sent[0]["headers"]] == reply.raw_headers
    assert b"".join(message["body"] for message in sent[1:] if message["type"] == "http.response.body") == reply.content
