"""What every operation of the inference API does around its work: who calls, what for, and how errors go out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest

from gateway import process, spending
from gateway.api import body, cors, errors, headers
from gateway.api.replies import JSON, EventReply, HeaderPairs, Reply
from gateway.caller import Caller, Headers
from gateway.exchange import run
from gateway.exchange.answer import EventStream
from gateway.exchange.exchange import Exchange, Timings
from gateway.exchange.stages.authenticate import authenticate, require_scope
from gateway.exchange.stages.record import record_refusal
from gateway.exchange.suspended import require_in_service
from gateway.services import Services
from gateway.telemetry import report as reports
from gateway.telemetry.report import Report
from gateway.wire.chat import ChatRequest
from kit.client_address import Address, nearest
from kit.errors import ChanceryError, RateLimited, Unavailable

Read = Callable[[dict[str, Any]], ChatRequest]
Give = Callable[[Exchange], Awaitable[Reply]]


async def call_model(request: HttpRequest, read: Read, give: Give) -> Reply:
    """Runs one call. `read` makes a chat of the parsed body; `give` answers the opened exchange."""
    services = process.services()
    scope = request.scope  # type: ignore[attr-defined]
    sent: Headers = dict(scope["headers"])
    report = reports.of(scope)
    request_id = report.request_id
    caller: Caller | None = None
    exchange: Exchange | None = None
    try:
        caller = known_caller(services, request, sent, "inference")
        require_in_service(services.snapshot, caller)
        chat = read(body.parse(request.body))
        exchange = report.exchange = Exchange(
            services,
            request_id,
            sent,
            caller,
            chat,
            request.body,
            timings=Timings(report.received),
            trace=report.trace,
            task=asyncio.current_task(),
        )
        await run.open_exchange(exchange)
        reply = await give(exchange)
    except ChanceryError as refused:
        if caller is not None:
            await record_refusal(services, request_id, caller, refused.code, exchange)
        reply = _refusal(request.path, refused, exchange, request_id)
    if caller is not None:
        cors.allow(reply.raw_headers, caller.organization, sent)
    return reply


async def read_only(request: HttpRequest, answer: Callable[[Services, Caller], Awaitable[Any]], *scopes: str) -> Reply:
    """Runs an operation that calls no model and leaves no record: for callers of any of the scopes, answers in JSON."""
    services = process.services()
    sent: Headers = dict(request.scope["headers"])  # type: ignore[attr-defined]
    report = reports.of(request.scope)  # type: ignore[attr-defined]
    request_id = report.request_id
    try:
        caller = known_caller(services, request, sent, *scopes)
        require_in_service(services.snapshot, caller)
        reply = json_reply(await answer(services, caller), [(b"x-request-id", str(request_id).encode())])
        cors.allow(reply.raw_headers, caller.organization, sent)
    except ChanceryError as refused:
        return _refusal(request.path, refused, None, request_id)
    return reply


def known_caller(services: Services, request: HttpRequest, sent: Headers, *scopes: str) -> Caller:
    """Who calls. Raises what `authenticate` raises, and `errors.Unavailable` where this worker cannot decide now."""
    if not services.snapshot.freshness.holds(services.snapshot_max_age_seconds):
        raise Unavailable("The policy in force is not known.", code="snapshot_stale", headers={"retry-after": "1"})
    if len(services.open_exchanges) >= services.max_in_flight:
        raise Unavailable("Too much is in flight.", code="overloaded", headers={"retry-after": "1"})
    report = reports.of(request.scope)  # type: ignore[attr-defined]
    report.caller = caller = authenticate(services, sent, client_address(services, request, sent))
    require_scope(caller, *scopes)
    _pass_flood_gate(services, caller, report)
    return caller


def client_address(services: Services, request: HttpRequest, sent: Headers) -> Address | None:
    """Where the call comes from: the peer, or whom trusted proxies say they were called by."""
    scope = request.scope  # type: ignore[attr-defined]
    client = scope.get("client")
    if not client:
        return None
    forwarded_for = b""
    if services.trusted_proxies and b"x-forwarded-for" in sent:  # a proxy may append a line instead of a word
        forwarded_for = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    return nearest(client[0], forwarded_for.decode("latin-1"), services.trusted_proxies)


def json_reply(content: Any, pairs: HeaderPairs, status: int = 200) -> Reply:
    encoded = orjson.dumps(content)
    pairs += [JSON, (b"content-length", str(len(encoded)).encode())]
    return Reply(status, encoded, pairs)


def event_reply(exchange: Exchange) -> EventReply:
    return EventReply(EventStream(exchange), headers.of(exchange, is_stream=True))


def _pass_flood_gate(services: Services, caller: Caller, report: Report) -> None:
    """A refusal by this worker alone, before anything was parsed, is counted and not recorded: a flood would write."""
    tightest = spending.requests_per_minute(spending.limits(services.snapshot, caller.level_ids()))
    if tightest is not None:
        wait = services.flood_gate.wait_seconds(caller.credential.id, tightest)
        if wait:
            report.is_flood = True
            raise RateLimited(
                "Too many requests for this key.",
                headers={"retry-after": str(int(wait) + 1), "retry-after-ms": str(int(wait * 1000) + 1)},
            )


def _refusal(path: str, refused: ChanceryError, exchange: Exchange | None, request_id: UUID) -> Reply:
    known = headers.of(exchange) if exchange is not None else [(b"x-request-id", str(request_id).encode())]
    return errors.render(path, refused, known, str(request_id))
