"""`/metrics`, for Prometheus: the figures of all processes of this machine (`kit.metric_files`), added up.

On a port of its own (`METRICS_PORT`), which the first process to start holds and another takes over when it ends; and
on the main port where there is a token to ask for (`METRICS_TOKEN`). With neither set nothing is published.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from typing import Any

from django.conf import settings

from kit import process_metrics
from kit.metric_files import Publisher, collect
from kit.metrics import State

logger = logging.getLogger(__name__)
PATH = "/metrics"
_RETRY_SECONDS = 2.0
_CLIENT_SECONDS = 5.0


_running: Metrics | None = None


def start(role: str) -> None:
    """Publishes this process's figures from now on, where metrics are wanted at all. Raises `OSError`."""
    global _running
    if settings.METRICS_PORT or settings.METRICS_TOKEN:
        _running = Metrics(role)
        _running.start()


def stop() -> None:
    global _running
    if _running is not None:
        _running.stop()
        _running = None


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """The page on the main port."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    body, content_type, status = b"", "text/plain", 401
    if _running is not None and may_read(headers.get(b"authorization", "")):
        body, content_type = await asyncio.to_thread(_running.text, headers.get(b"accept", ""))
        status = 200
    pairs = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


class Metrics:
    """This process's part in the figures; `role` names it in its gauges."""

    def __init__(self, role: str) -> None:
        self._publisher = Publisher(settings.METRICS_DIR, f"{role}-{os.getpid()}")
        self._stopped = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        process_metrics.watch_collector()
        self._publisher.start()
        if settings.METRICS_PORT:
            threading.Thread(target=self._hold_port, name="metrics-port", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        if self._server is not None:
            self._server.shutdown()
        self._publisher.stop()

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """The page, and its content type."""
        from prometheus_client.exposition import choose_encoder

        self._publisher.publish()
        encode, content_type = choose_encoder(accept)
        return encode(_Collected(collect(settings.METRICS_DIR))), content_type

    def _hold_port(self) -> None:
        told = False
        while not self._stopped.is_set():
            try:
                server = _Server(self)
            except OSError as failure:
                if not told:
                    logger.info("METRICS_PORT is held by another process (%s)", failure.strerror)
                told = True
                self._stopped.wait(_RETRY_SECONDS)
                continue
            self._server = server
            with server:
                server.serve_forever()


def may_read(authorization: str) -> bool:
    """By the `Authorization` header."""
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    return not settings.METRICS_TOKEN or hmac.compare_digest(authorization.encode("utf-8", "replace"), expected)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        if ":" in settings.HOST:
            self.address_family = socket.AF_INET6
        super().__init__((settings.HOST, settings.METRICS_PORT), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that goes away is none of our business."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _CLIENT_SECONDS

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self._answer(404, b"", "text/plain")
        elif not may_read(self.headers.get("authorization", "")):
            self._answer(401, b"", "text/plain")
        else:
            self._answer(200, *self.server.metrics.text(self.headers.get("accept", "")))

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response_only(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent: a scrape is no event."""


class _Collected:
    """Figures as `prometheus_client` writes them out."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        for name, family in self._state.items():
            means, labels = family["means"], family["labels"]
            if family["kind"] == "histogram":
                histogram = HistogramMetricFamily(name, means, labels=labels)
                bounds = [*map(str, family["bounds"]), "+Inf"]
                for values, (*counts, total) in family["series"]:
                    buckets = list(zip(bounds, accumulate(counts), strict=True))
                    histogram.add_metric(values, buckets=buckets, sum_value=total)
                yield histogram
                continue
            kind = CounterMetricFamily if family["kind"] == "counter" else GaugeMetricFamily
            written = kind(name, means, labels=labels)
            for values, value in family["series"]:
                written.add_metric(values, value)
            yield written
