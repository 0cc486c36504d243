"""Where spans go: an OTLP collector of the operator's, over HTTP, in batches, from a thread.

The address is the operator's, like that of the database, so `kit.egress`, which guards what registers and requests
name, has no say in it. No redirect is followed and no proxy of the environment is used. Imported only where a
collector is set: the SDK takes a third of a second to load.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

logger = logging.getLogger(__name__)

_PATH = "/v1/traces"
_TIMEOUT_SECONDS = 3.0  # of a batch, all its attempts together; a stop waits for at most one
_QUEUED_SPANS = 8192  # some 10 MB; what comes when it is full displaces the oldest
_BATCH_SPANS = 512
_DELAY_MS = 500.0

# The SDK words failures with addresses in them, batch by batch. What a person should know is said below, once.
logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)


def processor(endpoint: str, headers: Mapping[str, str]) -> BatchSpanProcessor:
    """Takes finished spans without waiting. `endpoint` is the collector's base address."""
    session = requests.Session()
    session.trust_env = False
    exporter = OTLPSpanExporter(
        endpoint=endpoint.rstrip("/") + _PATH,
        headers=dict(headers),
        timeout=_TIMEOUT_SECONDS,
        compression=Compression.Gzip,
        session=session,
    )
    return BatchSpanProcessor(
        Collector(exporter),
        max_queue_size=_QUEUED_SPANS,
        schedule_delay_millis=_DELAY_MS,
        max_export_batch_size=_BATCH_SPANS,
    )


class Collector(SpanExporter):
    """Says once that the collector is away, and once that it is back."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_away = False
        self._is_closing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._is_closing and self._is_away:
            return SpanExportResult.FAILURE  # the process is about to end: no waiting for each batch left
        result = self._exporter.export(spans)
        is_away = result is not SpanExportResult.SUCCESS
        if is_away != self._is_away:
            self._is_away = is_away
            if is_away:
                logger.warning("the trace collector takes no spans; they are dropped until it does")
            else:
                logger.warning("the trace collector takes spans again")
        return result

    def close_soon(self) -> None:
        """What is queued is tried once more, but not again after a failure."""
        self._is_closing = True

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)
