"""What a difference in spend is made of: which team, key, model, prompt version."""

from __future__ import annotations

from datetime import datetime
from typing import get_args
from uuid import UUID

from audit.usage.anomalies import drivers
from audit.usage.measures import Dimension, Member, spend_by
from governance.alerting.finding import Drive

Bounds = tuple[datetime, datetime]
_MOST = 3


def drives(before: Bounds, now: Bounds, scale: float, *, team: UUID | None) -> tuple[Drive, ...]:
    """Up to three of each dimension; `scale` makes what was spent before comparable with now."""
    found = []
    for dimension in get_args(Dimension):
        if dimension == "team_id" and team is not None:
            continue
        expected = {member: spent * scale for member, spent in spend_by(dimension, *before, team=team).items()}
        sums = spend_by(dimension, *now, team=team)
        seen: dict[Member, float] = {member: float(spent) for member, spent in sums.items()}
        found += [
            Drive(dimension.removesuffix("_id"), str(one.member), round(100 * one.share))
            for one in drivers(expected, seen, most=_MOST)
        ]
    return tuple(found)
