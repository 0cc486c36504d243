"""What becomes of spans, and of the process that has them, where nobody takes them."""

from __future__ import annotations

import logging
from time import perf_counter

import pytest

from gateway.telemetry import spans
from gateway.telemetry.report import Report
from gateway.telemetry.spans import Tracing
from kit.ids import new_id
from tests.support import collector as collectors
from tests.support.gateway import free_port


def tracing(endpoint: str, ratio: float = 1.0) -> Tracing:
    return spans.tracing(
        endpoint=endpoint, headers={}, service="chancery", version="1", process_id=new_id(), ratio=ratio
    )


def refuse_somebody(to: Tracing, parent: bytes | None = None) -> None:
    """A request that was not understood."""
    report = Report("chat", [(b"traceparent", parent)] if parent else [])
    trace = to.begin(report)
    report.answered, report.code, report.ended = 401, "missing_api_key", perf_counter()
    to.end(trace, report)


def test_nobody_waits_for_a_collector_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    away = tracing(f"http://secret:word@127.0.0.1:{free_port()}")
    for _ in range(10_000):  # more than are kept waiting
        refuse_somebody(away)
    away.close()
    assert [record.message for record in caplog.records if "collector" in record.message] == [
        "the trace collector takes no spans; they are dropped until it does"
    ]
    assert "127.0.0.1" not in caplog.text
    assert "secret" not in caplog.text


def test_what_is_left_at_the_end_is_sent() -> None:
    with collectors.collecting() as collector:
        present = tracing(collector.url)
        for _ in range(600):  # more than one batch
            refuse_somebody(present)
        present.close()
        assert len(collector.spans) == 600


def test_strangers_do_not_choose_to_be_kept() -> None:
    with collectors.collecting() as collector:
        sparing = tracing(collector.url, ratio=0.0)
        refuse_somebody(sparing, parent=b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        refuse_somebody(sparing)
        sparing.close()
        assert collector.spans == []
