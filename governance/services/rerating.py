"""Rating calls anew by the prices in force when they came in: for a price that was entered late, or put right.

What was settled stays; what differs is written beside it, request by request. See docs/adr/0023.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit.ledger.append import append_act
from audit.usage import rerate as usage
from audit.usage.rerate import Rating, Used
from governance.models import Deployment, Price
from kit import errors
from kit.context import Actor
from tenants import permissions

RERATE = "governance.price.rerate"
AT_ONCE = 2_000  # requests looked at in one transaction


@dataclass(frozen=True, slots=True)
class Period:
    """Of the moments that requests came in. `until` is exclusive."""

    since: datetime
    until: datetime


@dataclass(slots=True)
class Rated:
    """What a step came to: requests looked at and corrected, nano-USD by model. `after`: where the next step begins."""

    looked_at: int = 0
    corrected: int = 0
    differences: Counter[str] = field(default_factory=Counter)
    after: UUID | None = None

    @property
    def difference_nano_usd(self) -> int:
        return self.differences.total()


def look(*, actor: Actor, deployment: Deployment, period: Period, after: UUID | None = None) -> Rated:
    """What `rerate` would correct, step by step in the same way; nothing is."""
    permissions.require(actor, RERATE)
    found, ratings = _ratings(deployment, period, after)
    return _rated(found, ratings)


def rerate(*, actor: Actor, deployment: Deployment, period: Period, now: datetime, after: UUID | None = None) -> Rated:
    """Corrects up to `AT_ONCE` requests of a deployment; to be called again from `after` while there is one.

    Each step is an act of its own, on record only where it corrects something. Interrupted at any point it can be begun
    afresh: what is corrected is not corrected again. Raises `errors.InvalidRequest` for a period that is not past,
    `errors.Conflict` where something else corrected the same requests meanwhile.
    """
    permissions.require(actor, RERATE, otp=True)
    permissions.require_reach(actor, None)
    if not period.since < period.until <= now:
        raise errors.InvalidRequest("A period that is past is rated anew.", param="until")
    with transaction.atomic():
        found, ratings = _ratings(deployment, period, after)
        if ratings:
            _correct(actor, deployment, ratings)
    return _rated(found, ratings)


def _correct(actor: Actor, deployment: Deployment, ratings: list[Rating]) -> None:
    difference = sum(rating.difference_nano_usd for rating in ratings)
    act_id = append_act(
        actor=actor,
        action="governance.price.rerated",
        object_kind="deployment",
        object_id=deployment.id,
        details={
            "first_request_id": ratings[0].request_id,
            "last_request_id": ratings[-1].request_id,
            "corrected": len(ratings),
            "difference_nano_usd": str(difference),
            "corrections_sha256": usage.digest(ratings),
        },
    )
    done = usage.write(organization_id=actor.organization_id, act_id=act_id, ratings=ratings)
    if done != (len(ratings), difference):
        raise errors.Conflict("Other corrections of the same requests came in between. Do it again.")


def _ratings(deployment: Deployment, period: Period, after: UUID | None) -> tuple[list[Used], list[Rating]]:
    prices = list(Price.objects.filter(deployment=deployment).order_by("-effective_from", "-id"))
    ids = [price.id for price in prices]
    found = usage.read(deployment.id, ids, since=period.since, until=period.until, after=after, at_most=AT_ONCE)
    return found, [rating for used in found if (rating := usage.rate(used, prices)) is not None]


def _rated(found: list[Used], ratings: list[Rating]) -> Rated:
    rated = Rated(len(found), len(ratings), after=found[-1].request_id if len(found) == AT_ONCE else None)
    for rating in ratings:
        rated.differences[rating.model] += rating.difference_nano_usd
    return rated
