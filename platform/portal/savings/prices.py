"""Deployments that are used or might be used instead, with the prices in force now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Subquery

from audit.pricing.schedule import Schedule
from governance import coverage, selectors
from governance.models import Deployment, Price
from portal.savings.used import Used

# How many offers are looked at, the cheapest by what a token in and a token out cost.
_OFFERS = 100


@dataclass(frozen=True, slots=True)
class Priced:
    """Deployments with their models, all those of each model; and the schedule of each that has a price."""

    deployments: dict[UUID, Deployment]
    schedules: dict[UUID, Schedule]


def priced(used: Used, now: datetime) -> Priced:
    """What was called, and the cheapest that is approved in the same tiers."""
    called = Deployment.objects.filter(id__in={row.deployment_id for row in used.rows if row.deployment_id})
    of_models = {*called.values_list("model_id", flat=True), *_offered(used, now)}
    rows = Deployment.objects.filter(model_id__in=of_models).select_related("model", "provider")
    deployments = {row.id: row for row in rows.prefetch_related("prices", *coverage.READ)}
    prices = {identifier: selectors.price_at(row, now) for identifier, row in deployments.items()}
    return Priced(deployments, {identifier: price.schedule for identifier, price in prices.items() if price})


def _offered(used: Used, now: datetime) -> list[UUID]:
    """Models, as far as the hundred cheapest deployments go."""
    slugs = {row.model for row in used.rows}
    tiers = Deployment.objects.filter(model__slug__in=slugs).values("model__tier")
    live = selectors.live_approvals(now).filter(model_id=OuterRef("model_id"))
    in_force = Price.objects.filter(deployment_id=OuterRef("id"), effective_from__lte=now).order_by("-effective_from")
    both = F("input_nano_usd_per_million") + F("output_nano_usd_per_million")
    offers = (
        Deployment.objects.filter(Exists(live), model__tier__in=tiers, model__sunset_at=None)
        .annotate(rate=Subquery(in_force.annotate(both=both).values("both")[:1]))
        .exclude(rate=None)
        .order_by("rate")
    )
    return [row.model_id for row in offers[:_OFFERS]]
