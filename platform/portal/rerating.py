"""A period rated anew, step by step: deployments with more than one price, each step a transaction of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from governance.models import Deployment
from governance.services import rerating
from governance.services.rerating import Period, Rated
from kit import errors
from kit.context import Actor
from kit.scoping import within
from portal import counters
from tenants.models import Organization

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    deployment: str
    rated: Rated


def steps(
    actor: Actor, period: Period, now: datetime, *, deployment_id: UUID | None = None, only_looks: bool = False
) -> Iterator[Step]:
    """Does one after the other as they are asked for; what is done stays done, wherever it ends.

    At the end the counters of the budgets are made anew. Were they not reached, the next call would do it.
    """
    corrected = 0
    for deployment in _deployments(actor, deployment_id):
        after: UUID | None = None
        while True:
            with transaction.atomic(), within(actor.scope):
                rated = (
                    rerating.look(actor=actor, deployment=deployment, period=period, after=after)
                    if only_looks
                    else rerating.rerate(actor=actor, deployment=deployment, period=period, now=now, after=after)
                )
            corrected += rated.corrected
            yield Step(str(deployment), rated)
            after = rated.after
            if after is None:
                break
    if corrected and not only_looks:
        _count_anew(actor.organization_id)


def _deployments(actor: Actor, deployment_id: UUID | None) -> list[Deployment]:
    with transaction.atomic(), within(actor.scope):
        rows = Deployment.objects.select_related("model", "provider").annotate(versions=Count("prices"))
        rows = rows.filter(id=deployment_id) if deployment_id else rows.filter(versions__gt=1)
        found: list[Deployment] = [*rows.order_by("id")]
    if deployment_id and not found:
        raise errors.NotFound("There is no such deployment.")
    return found


def _count_anew(organization_id: UUID) -> None:
    organization = Organization.across_tenants.using(counters.SYSTEM).get(id=organization_id)
    try:
        asyncio.run(counters.compare(organization, [], rebuild=True))
    except errors.Unavailable:
        logger.warning("counters not reached; the next call makes them anew from the books")
