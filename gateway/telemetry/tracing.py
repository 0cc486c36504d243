"""Whether requests are traced: only where the operator names a collector. Until then nothing of it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote
from uuid import UUID

from django.conf import settings

from gateway.telemetry.report import Report
from kit.version import product_version

if TYPE_CHECKING:
    from gateway.telemetry.spans import Tracing

_current: Tracing | None = None


def start(process_id: UUID) -> None:
    """Before the first request of this process."""
    global _current
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from gateway.telemetry import spans  # with the SDK: 0.3 s and 25 MB

        _current = spans.tracing(
            endpoint=settings.OTEL_EXPORTER_OTLP_ENDPOINT,
            headers=headers_in(settings.OTEL_EXPORTER_OTLP_HEADERS),
            service=settings.OTEL_SERVICE_NAME,
            version=product_version(),
            process_id=process_id,
            ratio=settings.OTEL_TRACES_SAMPLER_ARG,
        )


def stop() -> None:
    """After the last request. Blocks while what is left is sent, for some seconds at most."""
    global _current
    if _current is not None:
        _current.close()
        _current = None


def begin(report: Report) -> None:
    """A request's head has come."""
    if _current is not None:
        report.trace = trace = _current.begin(report)
        report.known_trace_id = f"{trace.id:032x}"


def end(report: Report) -> None:
    """It has ended."""
    if report.trace is not None and _current is not None:
        _current.end(report.trace, report)


def headers_in(text: str) -> dict[str, str]:
    """`name=value` pairs, comma-separated, percent-encoded, as OpenTelemetry's own settings have them."""
    pairs = (pair.partition("=") for pair in text.split(",") if pair.strip())
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}
