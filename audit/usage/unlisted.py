"""Calls that asked for a model that is not there: who asked for what, when, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Func, JSONField, Max, Min, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from audit.choices import Kind
from audit.models import Record
from audit.querysets import id_bounds

CODE = "model_not_found"


@dataclass(frozen=True, slots=True)
class Unlisted:
    """`name` is none where what was sent is not kept. The caller is a key or an identity provider."""

    name: str | None
    team_id: UUID | None
    caller_id: UUID
    calls: int
    first_at: datetime
    last_at: datetime


def unlisted(*, since: datetime, limit: int) -> list[Unlisted]:
    """From the refusals on record in the entered scope, those asked for last first."""
    grouped = (
        _refused(since)
        .values("name", "team_id", "actor_id")
        .annotate(calls=Count("id"), first_at=Min("at"), last_at=Max("at"))
        .order_by("-last_at")[:limit]
    )
    return [
        Unlisted(row["name"], row["team_id"], row["actor_id"], row["calls"], row["first_at"], row["last_at"])
        for row in grouped
    ]


def _refused(since: datetime) -> QuerySet[Any]:
    text = Func(F("envelope"), Value("UTF8"), function="convert_from", output_field=TextField())
    return (
        Record.objects.filter(id_bounds("id", since, None), kind=Kind.REFUSED)
        .annotate(said=Cast(text, JSONField()))
        .annotate(error=KeyTextTransform("error", "said"))
        .filter(error=CODE)
        .annotate(name=KeyTextTransform("route", KeyTextTransform("decided", "said")))
    )
