"""A line of JSON for each request of the inference path: who, what, how it ended, what it cost, where time went.

No content, no key, no end user, no address, no header as it came: ids, names of the register, codes and numbers alone.
Where lines go is `REQUEST_LOG`; they are written by a thread (`kit.logs`).
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import orjson
from django.conf import settings

from gateway.exchange.exchange import Exchange
from gateway.telemetry.report import Report
from kit import clock
from kit.logs import Sink, sink


@cache
def destination() -> Sink | None:
    """None where there is no request log. Raises `OSError` for a file that cannot be written."""
    return None if settings.REQUEST_LOG == "off" else sink(settings.REQUEST_LOG)


def write(report: Report) -> None:
    """Hands the line on. Costs a few microseconds and never waits."""
    to = destination()
    if to is not None:
        to.write(line(report))


def line(report: Report) -> bytes:
    written = orjson.dumps(_members(report), option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
    if written.isascii():
        return written
    return json.dumps(json.loads(written)).encode() + b"\n"  # a name of the register; terminals obey C1 controls


def _members(report: Report) -> dict[str, Any]:
    exchange = report.exchange
    members: dict[str, Any] = {
        "time": clock.now(),
        "kind": "request",
        "request_id": report.request_id,
        "trace_id": report.trace_id,
        "surface": report.surface,
        "outcome": report.outcome,
        "status": report.status,
        "code": report.failure,
        "total_us": int((report.ended - report.began) * 1e6),
    }
    if (caller := report.caller) is not None:
        credential = caller.credential
        members["organization"] = caller.organization.id
        members["team"] = credential.team_id
        members["project"] = credential.project_id
        members["key"] = credential.id
        members["caller"] = caller.kind
    if report.received:
        members["receive_us"] = int((report.received - report.began) * 1e6)
    if exchange is not None:
        _tell_exchange(members, exchange)
    return members


def _tell_exchange(members: dict[str, Any], exchange: Exchange) -> None:
    answered, usage, timings = exchange.answered_by, exchange.usage, exchange.timings
    members |= {
        "use_case": exchange.use_case.slug if exchange.use_case else None,
        "pipeline": exchange.pipeline,
        "stream": exchange.chat.stream,
        "cache": "none",
        "data_class": exchange.data_class.label,
        "model": answered.model.slug if answered else None,
        "model_version": answered.model.version if answered else None,
        "deployment": answered.deployment.id if answered else None,
        "provider": answered.provider.name if answered else None,
        "approval": exchange.approval.id if exchange.approval else None,
        "waiver": exchange.waiver.id if exchange.waiver else None,
        "snapshot": exchange.snapshot_version,
        "tokens_in": usage.input_tokens if usage else 0,
        "tokens_cached": usage.cached_input_tokens if usage else 0,
        "tokens_out": usage.output_tokens if usage else 0,
        "tokens_reasoning": usage.reasoning_tokens if usage else 0,
        "estimated": usage.estimated if usage else False,
        "held_nano_usd": exchange.held_nano_usd,
        "cost_nano_usd": exchange.cost_nano_usd,
        "events": exchange.events,
        "first_event_us": int(timings.first_event_ms * 1000) if timings.first_event_ms else None,
        "stages_us": {name: int(spent * 1000) for name, spent in timings.spent.items()},
        "attempts": [
            {
                "deployment": attempt.candidate.deployment.id,
                "failure": attempt.failure.failure_class.value if attempt.failure else None,
                "status": attempt.failure.status if attempt.failure else 200,
                "us": int(attempt.duration_ms * 1000),
            }
            for attempt in exchange.attempts
        ],
    }
