"""A collector of traces: takes OTLP over HTTP on loopback and keeps the spans, as they were sent and decoded."""

from __future__ import annotations

import gzip
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.support.loopback import serving

_PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Span:
    """Ids in hexadecimal, times in nanoseconds since the epoch."""

    trace_id: str
    id: str
    parent_id: str
    name: str
    kind: str
    began: int
    ended: int
    failed: bool
    state: str
    attributes: dict[str, Any]


class Collector(ThreadingHTTPServer):
    """`delay_seconds` is what each answer takes; with `status` other than 200 spans are refused."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.delay_seconds = 0.0
        self.status = 200
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.spans: list[Span] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def trace(self, trace_id: str, *names: str) -> list[Span]:
        """The spans of a trace in the order of their beginning, as soon as those of all these names are there."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            found = [span for span in self.spans if span.trace_id == trace_id]
            if found and {span.name for span in found} >= set(names):
                return sorted(found, key=lambda span: (span.began, -span.ended))
            assert time.monotonic() < deadline, f"of {names} only {[span.name for span in found]} came"
            time.sleep(0.05)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        time.sleep(self.server.delay_seconds)
        if self.server.status == 200:
            self.server.heads.append(f"{self.requestline}\n{self.headers}")
            self.server.bodies.append(gzip.decompress(body))
            self.server.spans += _decoded(self.server.bodies[-1])
        self.send_response(self.server.status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent."""


def _decoded(body: bytes) -> list[Span]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        Span(
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            span.name,
            trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
            span.trace_state,
            {pair.key: _value(pair.value) for pair in span.attributes},
        )
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None


def collecting() -> AbstractContextManager[Collector]:
    return serving(Collector())
