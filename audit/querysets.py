"""Filters that have a name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from audit.choices import Kind
from kit.ids import first_id_at

# The record each request begins with: `requested`, or a refusal or cache hit that stands alone.
FIRST_OF_REQUEST = Q(id=F("request_id"))
ACT = Q(kind=Kind.ACT)


def id_bounds(key: str, since: datetime | None, until: datetime | None) -> Q:
    """A time filter as bounds on a UUIDv7 key, so that whole partitions are left out. `until` is exclusive."""
    bounds = Q()
    if since is not None:
        bounds &= Q(**{f"{key}__gte": first_id_at(since)})
    if until is not None:
        bounds &= Q(**{f"{key}__lt": first_id_at(until)})
    return bounds


def equal(values: Mapping[str, Any]) -> Q:
    """Columns that hold these values; none is what is empty."""
    return Q(
        *(Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value}) for name, value in values.items())
    )
