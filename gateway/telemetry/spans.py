"""One trace per call: a span for the request, for each of its stages and for each attempt upstream.

While a call runs, only its place in the trace is kept, and when each attempt began. The spans are made in one go at
its end, from the times the exchange has noted anyway. Made and imported only where a collector is set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from gateway.telemetry import collector, genai, trace_context
from gateway.telemetry.trace_context import TraceContext
from kit import clock, errors

if TYPE_CHECKING:
    from gateway.exchange.exchange import Exchange
    from gateway.telemetry.report import Report

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSET, _FAILED = Status(StatusCode.UNSET), Status(StatusCode.ERROR)
_LOW_64_BITS = 2**64 - 1
_ids = RandomIdGenerator()


@dataclass(slots=True)
class Trace:
    """One request's place in it. `attempts` are span and beginning (`perf_counter`) of each call upstream, in order."""

    id: int
    span_id: int
    parent: TraceContext | None
    sampled: bool
    attempts: list[tuple[int, float]] = field(default_factory=list)

    def begin_attempt(self) -> tuple[tuple[str, str], ...]:
        """The headers that make the next upstream's spans children of this attempt.

        `tracestate` and baggage are not passed on: a caller could put content into them that nobody has inspected.
        """
        span_id = _ids.generate_span_id()
        self.attempts.append((span_id, perf_counter()))
        return (("traceparent", trace_context.parent_header(self.id, span_id, self.sampled)),)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stage or an attempt: from when to when (`perf_counter`)."""

    name: str
    began: float
    ended: float


class Tracing:
    """One per process. `ratio` is the share of traces that begin here and are kept."""

    def __init__(self, processor: BatchSpanProcessor, resource: Resource, version: str, ratio: float) -> None:
        self._processor = processor
        self._resource = resource
        self._scope = InstrumentationScope("chancery", version)
        self._bound = round(ratio * 2**64)

    def begin(self, report: Report) -> Trace:
        """A caller's trace is continued, and kept if the caller keeps it."""
        parent = trace_context.read(report.pairs)
        trace_id = parent.trace_id if parent else _ids.generate_trace_id()
        sampled = parent.sampled if parent else self._chosen(trace_id)
        return Trace(trace_id, _ids.generate_span_id(), parent, sampled)

    def end(self, trace: Trace, report: Report) -> None:
        """Hands the spans over. A call that was not understood is kept by our own ratio, whatever its sender wishes."""
        if not trace.sampled or (report.exchange is None and not self._chosen(trace.id)):
            return
        for span in _Spans(self._resource, self._scope, trace, report).all():
            self._processor.on_end(span)

    def close(self) -> None:
        """Sends what is queued. Blocks, for some seconds at most."""
        exporter = self._processor.span_exporter
        if isinstance(exporter, collector.Collector):
            exporter.close_soon()
        self._processor.shutdown()  # type: ignore[no-untyped-call]

    def _chosen(self, trace_id: int) -> bool:
        return trace_id & _LOW_64_BITS < self._bound


def tracing(
    *, endpoint: str, headers: Mapping[str, str], service: str, version: str, process_id: UUID, ratio: float
) -> Tracing:
    """Sending to the collector at `endpoint`."""
    resource = Resource({"service.name": service, "service.version": version, "service.instance.id": str(process_id)})
    return Tracing(collector.processor(endpoint, headers), resource, version, ratio)


class _Spans:
    """Makes the spans of one request that has ended."""

    def __init__(self, resource: Resource, scope: InstrumentationScope, trace: Trace, report: Report) -> None:
        self._resource, self._scope = resource, scope
        self._trace, self._report = trace, report
        self._state = TraceState(trace.parent.state) if trace.parent else TraceState()
        self._ended_ns = int(clock.now().timestamp() * 1e9)

    def all(self) -> Iterator[ReadableSpan]:
        trace, report = self._trace, self._report
        root = self._context(trace.span_id)
        yield self._span(
            _Stretch(genai.route_of(report.surface), report.began, report.ended),
            root,
            SpanContext(trace.id, trace.parent.span_id, True, _SAMPLED, self._state) if trace.parent else None,
            SpanKind.SERVER,
            genai.of_request(report),
            failed=report.status >= 500 or report.outcome == "failed",
        )
        if report.exchange is not None:
            yield from self._stages(report.exchange, root)

    def _stages(self, exchange: Exchange, root: SpanContext) -> Iterator[ReadableSpan]:
        for stage in self._stretches(exchange):
            context = self._context(_ids.generate_span_id())
            yield self._span(stage, context, root, SpanKind.INTERNAL, {})
            if stage.name == "upstream":
                yield from self._attempts(exchange, context, stage.ended)

    def _stretches(self, exchange: Exchange) -> Iterator[_Stretch]:
        """The stages follow one another: each begins where the one before ended."""
        timings = exchange.timings
        ended = timings.started
        yield _Stretch("receive", self._report.began, ended)
        for name, milliseconds in timings.spent.items():
            began, ended = ended, ended + milliseconds / 1000
            yield _Stretch(name, began, ended)
        if exchange.is_recorded and "settle" not in timings.spent:
            yield _Stretch("settle", ended, self._report.ended)

    def _attempts(self, exchange: Exchange, stage: SpanContext, ended: float) -> Iterator[ReadableSpan]:
        """One that was answered lasts until its answer did; one without a result was broken off by the caller."""
        for number, (span_id, began) in enumerate(self._trace.attempts):
            attempt = exchange.attempts[number] if number < len(exchange.attempts) else None
            candidate = attempt.candidate if attempt else exchange.trying
            if candidate is None:
                continue
            failure = attempt.failure if attempt else None
            attributes = genai.of_attempt(candidate, failure)
            answered = exchange.answer is not None and number == len(exchange.attempts) - 1
            if answered:
                attributes.update(genai.of_answer(exchange, began))
            if exchange.outcome == "cancelled" and (answered or attempt is None):
                attributes[genai.ERROR_TYPE] = errors.Cancelled.code
            until = min(ended, began + attempt.duration_ms / 1000) if attempt and not answered else ended
            yield self._span(
                _Stretch(genai.attempt_name(candidate), began, until),
                self._context(span_id),
                stage,
                SpanKind.CLIENT,
                attributes,
                failed=failure is not None,
            )

    def _context(self, span_id: int) -> SpanContext:
        return SpanContext(self._trace.id, span_id, False, _SAMPLED, self._state)

    def _span(
        self,
        stretch: _Stretch,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        attributes: genai.Attributes,
        *,
        failed: bool = False,
    ) -> ReadableSpan:
        return ReadableSpan(
            name=stretch.name,
            context=context,
            parent=parent,
            resource=self._resource,
            attributes=attributes,
            kind=kind,
            status=_FAILED if failed else _UNSET,
            start_time=self._at(stretch.began),
            end_time=self._at(stretch.ended),
            instrumentation_scope=self._scope,
        )

    def _at(self, moment: float) -> int:
        """Nanoseconds since the epoch, of a moment by `perf_counter`."""
        return self._ended_ns - int((self._report.ended - moment) * 1e9)
