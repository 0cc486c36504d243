"""How a request ended, from what is known of it; and that one way of telling failing does not silence the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway import telemetry
from gateway.telemetry import metrics, request_log
from gateway.telemetry.report import Report
from tests.gateway.exchange.exchanges import admitted
from tests.gateway.routing.catalogue import a_candidate, a_provider


def ended(**known: Any) -> tuple[str, int, str | None]:
    report = Report("chat", [])
    for name, value in known.items():
        setattr(report, name, value)
    report.end()
    return report.outcome, report.status, report.failure


def exchange(outcome: Any, failure_code: str | None = None) -> Any:
    found = admitted()
    found.outcome, found.failure_code = outcome, failure_code
    return found


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, ("cancelled", 499, "client_closed_request")),
        ({"answered": 200}, ("completed", 200, None)),
        ({"answered": 404, "code": "not_found"}, ("refused", 404, "not_found")),
        ({"answered": 500, "code": "internal_error"}, ("failed", 500, "internal_error")),
        ({"exchange": exchange("completed"), "answered": 200}, ("completed", 200, None)),
        (
            {"exchange": exchange("completed"), "answered": 503, "code": "ledger_unavailable"},
            ("completed", 503, "ledger_unavailable"),
        ),
        ({"exchange": exchange("failed", "cut"), "answered": 200}, ("failed", 502, "cut")),
        ({"exchange": exchange("failed", "timeout"), "answered": 200}, ("failed", 504, "timeout")),
        (
            {"exchange": exchange("failed", "upstream_timeout"), "answered": 504, "code": "upstream_timeout"},
            ("failed", 504, "upstream_timeout"),
        ),
        (
            {"exchange": exchange("cancelled", "client_closed_request"), "answered": 200},
            ("cancelled", 499, "client_closed_request"),
        ),
        ({"exchange": exchange("completed")}, ("completed", 499, None)),
    ],
)
def test_an_end_has_its_outcome_status_and_reason(known: dict[str, Any], expected: tuple[str, int, str | None]) -> None:
    assert ended(**known) == expected


@pytest.mark.parametrize(
    ("sent", "trace_id"),
    [
        (b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c"),
        (b"00-00000000000000000000000000000000-b7ad6b7169203331-01", None),
        (b"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", None),
        (b"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None),
        (b"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", None),
        (b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n", None),
        (b"", None),
    ],
)
def test_a_trace_is_named_where_the_header_is_one(sent: bytes, trace_id: str | None) -> None:
    assert Report("chat", [(b"traceparent", sent)]).trace_id == trace_id


def test_figures_that_fail_leave_the_line(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    written: list[Report] = []

    def fail(report: Report) -> None:
        raise RuntimeError

    monkeypatch.setattr(metrics, "count", fail)
    monkeypatch.setattr(request_log, "write", written.append)
    report = Report("chat", [])
    telemetry.finish(report)
    assert written == [report]
    assert "was not reported" in caplog.text


def test_a_stage_that_is_new_is_counted() -> None:
    report = Report("chat", [])
    report.exchange = exchange("completed")
    report.exchange.timings.mark("look_up_cache")
    report.answered = 200
    report.end()
    metrics.count(report)
    assert metrics._STAGE.of("look_up_cache").counts.count(1) == 1


HOSTILE = 'x"\n{"kind":"request"}\r\x1b[31m\x9b\u2028\\'


def test_a_name_of_the_register_cannot_break_a_line() -> None:
    report = Report("chat", [])
    report.exchange = admitted(a_candidate(provider=a_provider(name=HOSTILE)))
    report.exchange.answered_by = report.exchange.candidates[0]
    report.answered = 200
    report.end()
    line = request_log.line(report)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert line.decode().removesuffix("\n").isprintable()
    assert json.loads(line)["provider"] == HOSTILE
