"""Filters that have a name."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q

from audit.choices import Kind
from kit.ids import first_id_at

if TYPE_CHECKING:
    from audit.models import Record, Settlement


class RecordQuerySet(models.QuerySet["Record"]):
    def first_of_requests(self) -> Self:
        """The record each request begins with: `requested`, or a refusal or cache hit that stands alone."""
        return self.filter(id=F("request_id"))

    def acts(self) -> Self:
        return self.filter(kind=Kind.ACT)

    def between(self, since: datetime | None = None, until: datetime | None = None) -> Self:
        """By the time in the id, so that whole partitions are left out. `until` is exclusive."""
        return self.filter(id_bounds("id", since, until))


class SettlementQuerySet(models.QuerySet["Settlement"]):
    def between(self, since: datetime | None = None, until: datetime | None = None) -> Self:
        """By the time the request came in. `until` is exclusive."""
        return self.filter(id_bounds("request_id", since, until))


def id_bounds(key: str, since: datetime | None, until: datetime | None) -> Q:
    """A time filter as bounds on a UUIDv7 key."""
    bounds = Q()
    if since is not None:
        bounds &= Q(**{f"{key}__gte": first_id_at(since)})
    if until is not None:
        bounds &= Q(**{f"{key}__lt": first_id_at(until)})
    return bounds
