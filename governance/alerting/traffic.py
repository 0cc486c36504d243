"""How calls fare, by model: of the last hour, or for the cache of the last day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from audit.usage.measures import cached_models, calls_by_model, latencies, quantile_ms
from governance.alerting.finding import Found, Subject
from governance.alerting.terms import InForce
from governance.models import AlertKind
from tenants.models import Organization

_PERCENT = 100


def look(organization: Organization, terms: InForce, now: datetime) -> Iterator[Found]:
    yield from _slow(terms, now)
    yield from _failing(terms, now)
    yield from _uncached(terms, now)


def _slow(terms: InForce, now: datetime) -> Iterator[Found]:
    set_terms, since = terms.of(AlertKind.LATENCY), _last(now, hours=1)
    if not set_terms.is_active:
        return
    for model, buckets in latencies(since, now).items():
        seen = quantile_ms(buckets, 0.95)
        if sum(buckets.values()) >= set_terms["least_requests"] and seen > set_terms["milliseconds"]:
            yield Found(set_terms, _subject(model), "p95", "ms", seen, set_terms["milliseconds"], since)


def _failing(terms: InForce, now: datetime) -> Iterator[Found]:
    set_terms, since = terms.of(AlertKind.ERRORS), _last(now, hours=1)
    if not set_terms.is_active:
        return
    for model, calls in calls_by_model(since, now).items():
        is_many = calls.requests >= set_terms["least_requests"] and calls.failed >= set_terms["least_errors"]
        if is_many and calls.failed * _PERCENT > set_terms["percent"] * calls.requests:
            seen = calls.failed * _PERCENT // calls.requests
            yield Found(set_terms, _subject(model), "failed", "percent", seen, set_terms["percent"], since)


def _uncached(terms: InForce, now: datetime) -> Iterator[Found]:
    set_terms, since = terms.of(AlertKind.CACHE), _last(now, hours=24)
    if not set_terms.is_active:
        return
    asked = cached_models(since, now)
    for model, calls in calls_by_model(since, now).items() if asked else ():
        seen = calls.cached * _PERCENT // calls.requests if calls.requests else 0
        is_many = model in asked and calls.requests >= set_terms["least_requests"]
        if is_many and seen < set_terms["percent"]:
            yield Found(set_terms, _subject(model), "hits", "percent", seen, set_terms["percent"], since)


def _subject(model: str) -> Subject:
    return Subject(f"model:{model}", model)


def _last(now: datetime, *, hours: int) -> datetime:
    """From the beginning of a quarter hour on."""
    return now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) - timedelta(hours=hours)
