"""OpenTelemetry's names for calls of models, and ours beside them: the only place that knows them.

The `gen_ai.*` conventions are in development and have been renamed before (`gen_ai.system` became
`gen_ai.provider.name`). These are as read in November 2026
(https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans). Their attributes for content
(`gen_ai.input.messages`, `gen_ai.output.messages`, `gen_ai.system_instructions`, tool arguments) are never set.

Every value is from the register, a count, an identifier of ours or one of a fixed list; none is text from a request
or from an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.providers.base import UpstreamFailure
from gateway.routing.candidates import Candidate
from tenants.snapshot import CredentialEntry

if TYPE_CHECKING:
    from gateway.exchange.exchange import Exchange, Usage
    from gateway.telemetry.report import Report

Value = str | int | float | bool | Sequence[str]
Attributes = dict[str, Value]

ERROR_TYPE = "error.type"
STATUS_CODE = "http.response.status_code"

_ROUTES = {"chat": "/v1/chat/completions", "other": "/v1/*"}  # of the surfaces whose name is not all of their path

# In an answer only a member's own name has no backslash before its quotes: what a model says cannot look like one.
_FINISH_REASON = re.compile(rb'"finish_reason"\s*:\s*"([a-z_]{1,20})"')
_FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_LAST_EVENTS, _LAST_BYTES = 4, 4096  # the reason comes at the end: in the last piece, or before the count of tokens


def route_of(surface: str) -> str:
    return _ROUTES.get(surface, f"/v1/{surface}")


def attempt_name(candidate: Candidate) -> str:
    return f"chat {candidate.deployment.upstream_model}"


def of_request(report: Report) -> Attributes:
    """Of the span that is the whole request."""
    found: Attributes = {
        "http.route": route_of(report.surface),
        STATUS_CODE: report.status,
        "chancery.request.id": str(report.request_id),
        "chancery.outcome": report.outcome,
    }
    if (failure := report.failure) is not None:
        found[ERROR_TYPE] = failure
    if report.caller is not None:
        found.update(_of_credential(report.caller.credential))
    if report.exchange is not None:
        found.update(_of_exchange(report.exchange))
    return found


def _of_credential(credential: CredentialEntry) -> Attributes:
    return {
        "chancery.organization.id": str(credential.organization_id),
        "chancery.team.id": str(credential.team_id),
        "chancery.project.id": str(credential.project_id),
        "chancery.credential.id": str(credential.id),
    }


def _of_exchange(exchange: Exchange) -> Attributes:
    found: Attributes = {
        "chancery.pipeline": exchange.pipeline,
        "chancery.data_class": exchange.data_class.label,
        "chancery.stream": exchange.chat.stream,
        "chancery.events": exchange.events,
        "chancery.attempts": len(exchange.attempts),
        "chancery.cost_nano_usd": exchange.cost_nano_usd,
        "chancery.snapshot.version": exchange.snapshot_version,
    }
    if exchange.approval is not None:
        found["chancery.approval.id"] = str(exchange.approval.id)
    if exchange.waiver is not None:
        found["chancery.waiver.id"] = str(exchange.waiver.id)
    if exchange.answered_by is not None:
        found["chancery.model"] = exchange.answered_by.model.slug
    return found


def of_attempt(candidate: Candidate, failure: UpstreamFailure | None) -> Attributes:
    """Of the span that is one call of one deployment."""
    found: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": candidate.provider.kind,
        "gen_ai.request.model": candidate.deployment.upstream_model,
        "chancery.deployment.id": str(candidate.deployment.id),
        "chancery.deployment.region": candidate.deployment.region,
        "chancery.provider.id": str(candidate.provider.id),
    }
    if failure is not None:
        found[ERROR_TYPE] = failure.failure_class.value
        if failure.status is not None:
            found[STATUS_CODE] = failure.status
    return found


def of_answer(exchange: Exchange, attempt_began: float) -> Attributes:
    """Of the attempt that answered. The response's model is the register's name of it, which the caller is told."""
    assert exchange.answered_by is not None
    found: Attributes = {"gen_ai.response.model": exchange.answered_by.model.slug}
    if exchange.usage is not None:
        found.update(_of_usage(exchange.usage))
    if reasons := _finish_reasons(exchange.answer_parts):
        found["gen_ai.response.finish_reasons"] = reasons
    if exchange.chat.stream:
        found["gen_ai.request.stream"] = True
        if exchange.timings.first_event_ms:
            came = exchange.timings.started + exchange.timings.first_event_ms / 1000
            found["gen_ai.response.time_to_first_chunk"] = came - attempt_began
    return found


def _of_usage(usage: Usage) -> Attributes:
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_input_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        "chancery.usage.estimated": usage.estimated,
    }


def _finish_reasons(parts: Sequence[bytes]) -> list[str]:
    found = [match.decode() for part in parts[-_LAST_EVENTS:] for match in _FINISH_REASON.findall(part[-_LAST_BYTES:])]
    return [reason if reason in _FINISH_REASONS else "other" for reason in found]
