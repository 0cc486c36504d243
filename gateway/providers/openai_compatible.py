"""Upstreams that speak OpenAI's dialect over HTTP: OpenAI itself, vLLM, llama.cpp, and the hosted process."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache

from gateway.providers.base import FailureClass, UpstreamAnswer, UpstreamCall, UpstreamFailure
from gateway.providers.event_stream import EventParser, EventTooLarge
from gateway.providers.failures import failure_in_event, failure_of, invalid_answer
from gateway.providers.http_client import HttpClient, Origin, PoolLimits, split_base_url
from gateway.providers.http_connection import Connection
from kit.egress import EgressPolicy

DEFAULT_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_MAX_ERROR_BYTES = 64 * 1024
_DONE = b"[DONE]"


class OpenAICompatible:
    """`max_answer_bytes` bounds a whole JSON answer and each single event of a stream."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES,
        limits: PoolLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._client = HttpClient(policy, limits=limits, tls=tls)
        self._max_answer_bytes = max_answer_bytes

    async def open(self, call: UpstreamCall) -> UpstreamAnswer:
        try:
            origin, head = _request_head(call.base_url, call.path, call.credential, call.stream)
            extra = _lines([f"{name}: {value}" for name, value in call.headers]) if call.headers else b""
        except ValueError as error:
            raise UpstreamFailure(FailureClass.MISCONFIGURED, str(error), sent=False) from None
        request = b"%b%bcontent-length: %d\r\n\r\n%b" % (head, extra, len(call.body), call.body)
        connection = await self._client.post(origin, request, call.timeouts)
        answer = _HttpAnswer(connection, self._max_answer_bytes)
        if connection.status == 200 and answer.is_of(b"text/event-stream" if call.stream else b"application/json"):
            return answer
        try:
            raise await answer.refusal()
        finally:
            await answer.close()

    async def close(self) -> None:
        await self._client.close()


class _HttpAnswer:
    """Lets go of its connection as soon as it has no more use for it."""

    def __init__(self, connection: Connection, max_bytes: int) -> None:
        self._connection: Connection | None = connection
        self.status = connection.status
        self._head = connection.head
        self._max_bytes = max_bytes

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self._head.items()}

    def is_of(self, media_type: bytes) -> bool:
        return self._head.get(b"content-type", b"").lower().startswith(media_type) and not self._compressed

    @property
    def _compressed(self) -> bool:
        """Not asked for and not accepted: nothing is ever decompressed, so nothing can explode."""
        return self._head.get(b"content-encoding", b"identity").lower() != b"identity"

    async def refusal(self) -> UpstreamFailure:
        """What an answer that is not the one asked for means."""
        if self._compressed:
            return invalid_answer("the upstream's answer is compressed, which was not asked for", self.status)
        try:
            body = await self._held().read(_MAX_ERROR_BYTES)
        except UpstreamFailure as failure:
            if self.status == 200:
                return failure
            body = b""  # the status alone has to do
        if self.status != 200:
            return failure_of(self.status, self.headers, body)
        within = failure_in_event(body, self.status)
        return within or invalid_answer("the upstream's answer has an unexpected content type", self.status)

    async def read(self) -> bytes:
        try:
            body = await self._held().read(self._max_bytes)
        except BaseException:
            await self.close()
            raise
        await self.close()
        if failure := failure_in_event(body, self.status):
            raise failure
        return body

    async def events(self) -> AsyncIterator[list[bytes]]:
        connection = self._held()
        parser = EventParser(self._max_bytes)
        try:
            while piece := await connection.receive():
                payloads: list[bytes] = []
                failure: UpstreamFailure | None = None
                for payload in parser.feed(piece):
                    if payload == _DONE:
                        self._finish()
                        break
                    if failure := failure_in_event(payload, self.status):
                        break
                    if payload:
                        payloads.append(payload)
                if payloads:
                    yield payloads
                if failure is not None:
                    raise failure
                if self._connection is None:
                    return
            if parser.pending() != _DONE:
                raise UpstreamFailure(FailureClass.CUT, "the upstream's stream ended early", status=self.status)
            self._finish()
        except EventTooLarge:
            raise invalid_answer("an event of the upstream's stream is larger than the limit", self.status) from None
        finally:
            await self.close()

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.finish_or_abort()

    def _finish(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.finish()

    def _held(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("the answer has been read or closed")
        return self._connection


@lru_cache(maxsize=1024)  # deployments are few and calls are many
def _request_head(base_url: str, path: str, credential: str, stream: bool) -> tuple[Origin, bytes]:
    """The origin, and the part of the request's head that is the same for all calls of a deployment."""
    origin, prefix = split_base_url(base_url)
    lines = [
        f"POST {prefix}{path} HTTP/1.1",
        f"host: {origin.authority}",
        "content-type: application/json",
        f"accept: {'text/event-stream' if stream else 'application/json'}",
        "accept-encoding: identity",
        "user-agent: chancery",
    ]
    if credential:
        lines.append(f"authorization: Bearer {credential}")
    return origin, _lines(lines)


def _lines(lines: list[str]) -> bytes:
    if not all(line.isascii() and line.isprintable() for line in lines):  # a line end would begin another header
        raise ValueError("the deployment's address, credential or headers cannot stand in an HTTP request")
    return "".join(f"{line}\r\n" for line in lines).encode()
