"""Who calls a model: what was settled, by team, project and key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Sum

from audit.models import Correction, Settlement
from audit.querysets import id_bounds

LOOKED_BACK = timedelta(days=30)

_Place = tuple[UUID | None, UUID | None, UUID | None]


@dataclass(frozen=True, slots=True)
class Calling:
    """`api_key_id` is none for callers with a token. The cost is that of its calls, with what late truths changed."""

    team_id: UUID | None
    project_id: UUID | None
    api_key_id: UUID | None
    calls: int
    last_at: datetime
    cost_nano_usd: int


def callers_of(slug: str, *, now: datetime) -> list[Calling]:
    """Those whose calls a model answered in the last 30 days, as far as the entered scope sees them; most calls first.

    Calls that were refused before they reached the model are not among them.
    """
    since = now - LOOKED_BACK
    settled = Settlement.objects.filter(id_bounds("request_id", since, None), model=slug)
    rows: Iterable[Any] = (
        settled.order_by()
        .values("team_id", "project_id", "api_key_id")
        .annotate(calls=Count("request_id"), last_at=Max("admitted_at"), cost=Sum("cost_nano_usd"))
    )
    late = _late(slug, since)
    found = [_calling(row, late) for row in rows]
    return sorted(found, key=lambda each: (-each.calls, str(each.api_key_id)))


def teams_calling(slug: str, *, now: datetime) -> set[UUID]:
    return {each.team_id for each in callers_of(slug, now=now) if each.team_id is not None}


def _calling(row: dict[str, Any], late: dict[_Place, int]) -> Calling:
    place = row["team_id"], row["project_id"], row["api_key_id"]
    return Calling(*place, row["calls"], row["last_at"], int(row["cost"]) + late.get(place, 0))


def _late(slug: str, since: datetime) -> dict[_Place, int]:
    """What corrections changed, for whom they changed it."""
    late_by = Correction.objects.filter(id_bounds("request_id", since, None)).order_by()
    differences = dict(late_by.values_list("request_id").annotate(Sum("difference_nano_usd")))
    settlements = Settlement.objects.filter(request_id__in=list(differences), model=slug)
    late: dict[_Place, int] = {}
    for settlement in settlements:
        place = settlement.team_id, settlement.project_id, settlement.api_key_id
        late[place] = late.get(place, 0) + int(differences[settlement.request_id])
    return late
