"""What requests would cost by the prices in force when they came in, beside what they were settled and corrected at.

`rate` is pure; `read` and `write` are for the service that corrects, within the entered scope. Corrections of one
request add up, so that rating again finds nothing more to correct, whatever was interrupted or done in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Q

from audit.choices import Correcting
from audit.models import Correction, Settlement
from audit.pricing import charge
from audit.pricing.quantities import Quantities
from audit.pricing.schedule import Schedule
from audit.querysets import id_bounds
from kit.ids import time_of

_RERATE = "SELECT corrected, changed_nano_usd FROM audit_rerate(%s, %s, %s)"
_UNKNOWN = "outcome_unknown"


class Version(Protocol):
    """One version of a deployment's price."""

    @property
    def id(self) -> UUID: ...
    @property
    def effective_from(self) -> datetime: ...
    @property
    def schedule(self) -> Schedule: ...


@dataclass(frozen=True, slots=True)
class Used:
    """What a request used and was first charged, by which price; and what it costs with all that corrects it."""

    request_id: UUID
    model: str
    admitted_at: datetime
    quantities: Quantities
    price_id: UUID
    charged_nano_usd: int
    present_nano_usd: int


@dataclass(frozen=True, slots=True)
class Rating:
    """By `price_id` the request costs `cost_nano_usd`, which is `difference_nano_usd` more than so far."""

    request_id: UUID
    model: str
    price_id: UUID
    cost_nano_usd: int
    difference_nano_usd: int


def rate(used: Used, versions: Sequence[Version]) -> Rating | None:
    """None where it costs what it should, or no version was in force. `versions` are the deployment's, newest first.

    The price was looked up between the request's coming in and its admission, so either moment's is right. What was
    charged beside the answer's usage, such as an attempt that failed, stays as it was.
    """
    known = {version.id: version for version in versions}
    due = _in_force(versions, time_of(used.request_id))
    at_admission = _in_force(versions, used.admitted_at)
    charged_by = known.get(used.price_id)
    if due is None or charged_by is None:
        return None
    if at_admission is charged_by:
        due = charged_by
    cost = used.charged_nano_usd
    if due is not charged_by:
        cost += charge.cost(used.quantities, due.schedule) - charge.cost(used.quantities, charged_by.schedule)
    if cost == used.present_nano_usd:
        return None
    return Rating(used.request_id, used.model, due.id, cost, cost - used.present_nano_usd)


def read(
    deployment_id: UUID,
    price_ids: Collection[UUID],
    *,
    since: datetime,
    until: datetime,
    after: UUID | None,
    at_most: int,
) -> list[Used]:
    """Requests of a deployment in order of their ids, so many beyond `after`; those that no price is known of left out.

    How a request ended that was settled as unknown is known by its late truth, once there is one.
    """
    late = Correction.objects.filter(kind=Correcting.LATE_TRUTH, price_id__in=price_ids).values("request_id")
    rows = Settlement.objects.filter(id_bounds("request_id", since, until)).filter(
        Q(deployment_id=deployment_id, price_id__in=price_ids) & ~Q(outcome=_UNKNOWN) | Q(request_id__in=late)
    )
    if after is not None:
        rows = rows.filter(request_id__gt=after)
    settlements = list(rows.order_by("request_id")[:at_most])
    corrections: dict[UUID, list[Correction]] = {}
    for one in Correction.objects.filter(request_id__in=[row.request_id for row in settlements]):
        corrections.setdefault(one.request_id, []).append(one)
    return list(_used(settlements, corrections))


def write(*, organization_id: UUID, act_id: UUID, ratings: Iterable[Rating]) -> tuple[int, int]:
    """How many requests were corrected and by how much in all, in the transaction and in the name of the act.

    Budgets follow before the next call is let through, sums of usage within a minute.
    """
    given = [
        {"request_id": one.request_id, "price_id": one.price_id, "cost_nano_usd": one.cost_nano_usd} for one in ratings
    ]
    with connection.cursor() as cursor:
        cursor.execute(_RERATE, [organization_id, act_id, orjson.dumps(given).decode()])
        corrected, difference = cursor.fetchone()
    return int(corrected), int(difference)


def digest(ratings: Iterable[Rating]) -> str:
    """SHA-256 of what is corrected, for the act on record: a line of request, price and difference for each."""
    lines = (f"{one.request_id} {one.price_id} {one.difference_nano_usd}\n" for one in ratings)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _in_force(versions: Iterable[Version], at: datetime) -> Version | None:
    return next((version for version in versions if version.effective_from <= at), None)


def _used(settlements: Iterable[Settlement], corrections: dict[UUID, list[Correction]]) -> Iterator[Used]:
    for settled in settlements:
        own = corrections.get(settled.request_id, [])
        first = next((one for one in own if one.kind == Correcting.LATE_TRUTH), settled)
        if first.price_id is not None:
            yield Used(
                settled.request_id,
                settled.model,
                settled.admitted_at,
                first.quantities,
                first.price_id,
                first.cost_nano_usd,
                settled.cost_nano_usd + sum(one.difference_nano_usd for one in own),
            )
