"""What the operator sees of the inference path: a line for each request, figures, and a trace if there is a collector.

`finish` is called at one place, where a request's answer has ended for whatever reason (`portal.lean`,
`portal.plain`). Nothing here waits: the line is handed to a thread (`kit.logs`), figures are integers in memory
(`kit.metrics`).
"""

from __future__ import annotations

import logging

from gateway.telemetry import metrics, request_log, tracing
from gateway.telemetry.report import Report

logger = logging.getLogger(__name__)


def begin(report: Report) -> None:
    """A request's first byte has come; its report is finished later."""
    metrics.begin()
    tracing.begin(report)


def finish(report: Report) -> None:
    """Once for each report. What goes wrong here is no reason to fail a request that has ended."""
    report.end()
    for tell in (request_log.write, metrics.count, tracing.end, _note_providers):
        try:
            tell(report)
        except Exception:
            logger.exception("request %s was not reported", report.request_id)


def _note_providers(report: Report) -> None:
    if (exchange := report.exchange) is None:
        return
    for attempt in exchange.attempts:
        failure = attempt.failure.failure_class if attempt.failure else None
        exchange.services.provider_states.note(attempt.candidate.provider.id, failure)
