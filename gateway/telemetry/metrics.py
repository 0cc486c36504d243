"""Figures of the inference path. What is counted for each request is resolved once and then added to.

Labels are our own names and names of the register, the latter bounded in number: what comes after the first hundred
is counted together as `other`.
"""

from __future__ import annotations

from django.conf import settings

from gateway.exchange.exchange import Exchange, Usage
from gateway.providers.base import FailureClass
from gateway.routing.attempts import Attempt
from gateway.routing.candidates import Candidate
from gateway.telemetry.report import Report
from kit import metrics
from kit.errors import CODES
from kit.metrics import SLOW, Count

_MOST_NAMES = 100
_KNOWN_CODES = frozenset(CODES) | {failure.value for failure in FailureClass}
_STAGES = ("auth", "inspect", "admit", "record", "upstream", "settle")
_OTHER = "other"
_MODEL_LABELS = ("model", "provider")

_REQUESTS = metrics.counter(
    "chancery_requests_total",
    "Requests of the inference path that have ended; code is none for those that were answered.",
    *("surface", "status", "outcome", "code"),
)
_DURATION = metrics.histogram(
    "chancery_request_duration_seconds",
    "From a request's first byte to the end of its answer.",
    *("surface", "stream"),
    bounds=SLOW,
)
_OVERHEAD = metrics.histogram(
    "chancery_request_overhead_seconds",
    "What a call took besides waiting for the upstream and for the request's body.",
)
_FIRST_EVENT = metrics.histogram(
    "chancery_first_event_seconds", "From a complete request to the first event of its stream.", bounds=SLOW
)
_STAGE = metrics.histogram("chancery_stage_seconds", "What each stage of a call took.", "stage", bounds=SLOW)
_TOKENS = metrics.counter(
    "chancery_tokens_total", "Tokens by kind; cached are part of input, reasoning of output.", *_MODEL_LABELS, "kind"
)
_COST = metrics.counter("chancery_cost_nano_usd_total", "What calls cost, in nano-USD.", *_MODEL_LABELS)
_ESTIMATED = metrics.counter(
    "chancery_estimated_usage_total", "Calls whose tokens we counted because the provider did not.", *_MODEL_LABELS
)
_ATTEMPTS = metrics.counter(
    "chancery_attempts_total", "Calls of upstreams; result is ok or the class of failure.", "provider", "result"
)
_OF_ORGANIZATION = metrics.counter(
    "chancery_organization_cost_nano_usd_total",
    "What the calls of each organisation cost, in nano-USD; empty unless METRICS_BY_ORGANIZATION.",
    "organization",
)
_events = metrics.counter("chancery_stream_events_total", "Events of upstreams' streams.").of()
_floods = metrics.counter(
    "chancery_flood_refusals_total", "Requests refused by one worker alone, before anything was parsed."
).of()
_begun = metrics.counter("chancery_requests_begun_total", "Requests of the inference path that have begun.").of()
_overhead, _first_event = _OVERHEAD.of(), _FIRST_EVENT.of()
_stages = {name: _STAGE.of(name) for name in _STAGES}
_in_flight = 0
metrics.gauge("chancery_requests_in_flight", "Requests of the inference path under way.", lambda: float(_in_flight))


class _OfModel:
    """The series of one model at one provider."""

    __slots__ = ("cached", "cost", "estimated", "input", "output", "reasoning")

    def __init__(self, model: str, provider: str) -> None:
        self.input, self.cached, self.output, self.reasoning = (
            _TOKENS.of(model, provider, kind) for kind in ("input", "cached", "output", "reasoning")
        )
        self.cost, self.estimated = _COST.of(model, provider), _ESTIMATED.of(model, provider)

    def add(self, usage: Usage, cost_nano_usd: int) -> None:
        self.input.value += usage.input_tokens
        self.cached.value += usage.cached_input_tokens
        self.output.value += usage.output_tokens
        self.reasoning.value += usage.reasoning_tokens
        self.cost.value += cost_nano_usd
        self.estimated.value += usage.estimated


_requests: dict[tuple[str, int, str, str | None], Count] = {}
_models: dict[tuple[str, str], _OfModel] = {}
_providers: set[str] = set()
_organizations: set[str] = set()


def begin() -> None:
    """A request's first byte has come."""
    global _in_flight
    _in_flight += 1
    _begun.value += 1


def count(report: Report) -> None:
    """A request has ended."""
    global _in_flight
    _in_flight -= 1
    key = (report.surface, report.status, report.outcome, report.failure)
    (_requests.get(key) or _resolved(key)).value += 1
    exchange = report.exchange
    is_stream = exchange is not None and exchange.chat.stream
    _DURATION.of(report.surface, "true" if is_stream else "false").observe(report.ended - report.began)
    if report.is_flood:
        _floods.value += 1
    if exchange is not None:
        _count_exchange(report, exchange)


def _count_exchange(report: Report, exchange: Exchange) -> None:
    spent = exchange.timings.spent
    for name, milliseconds in spent.items():
        (_stages.get(name) or _STAGE.of(name)).observe(milliseconds / 1000)
    _overhead.observe(max(0.0, report.ended - report.received - spent.get("upstream", 0.0) / 1000))
    if exchange.timings.first_event_ms:
        _first_event.observe(exchange.timings.first_event_ms / 1000)
    _events.value += exchange.events
    for attempt in exchange.attempts:
        _count_attempt(attempt)
    if exchange.usage is not None:
        answered = exchange.answered_by or exchange.candidates[0]  # an attempt that failed may be charged all the same
        _of(answered).add(exchange.usage, exchange.cost_nano_usd)
        if settings.METRICS_BY_ORGANIZATION:
            organization = _bounded(str(exchange.caller.organization.id), _organizations)
            _OF_ORGANIZATION.of(organization).value += exchange.cost_nano_usd


def _count_attempt(attempt: Attempt) -> None:
    result = attempt.failure.failure_class.value if attempt.failure else "ok"
    _ATTEMPTS.of(_bounded(attempt.candidate.provider.name, _providers), result).value += 1


def _of(candidate: Candidate) -> _OfModel:
    key = (candidate.model.slug, candidate.provider.name)
    found = _models.get(key)
    if found is None:
        if len(_models) >= _MOST_NAMES:
            key = (_OTHER, _OTHER)
        found = _models.get(key) or _models.setdefault(key, _OfModel(*key))
    return found


def _bounded(name: str, known: set[str]) -> str:
    if name not in known:
        if len(known) >= _MOST_NAMES:
            return _OTHER
        known.add(name)
    return name


def _resolved(key: tuple[str, int, str, str | None]) -> Count:
    surface, status, outcome, code = key
    label = "none" if code is None else code if code in _KNOWN_CODES else _OTHER
    found = _requests[key] = _REQUESTS.of(surface, str(status), outcome, label)
    return found
