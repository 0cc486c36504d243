"""Calls that were settled by a price that was not the one in force, and rating them anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from audit.models import Settlement
from audit.pricing import charge
from audit.pricing.quantities import Quantities
from governance.models import Deployment, Price
from governance.services import catalogue, rerating
from governance.services.rerating import Period, Rated
from kit import clock
from kit.context import Actor
from kit.ids import first_id_at, new_id
from kit.scoping import within
from tests.support.asked import new_model
from tests.support.world import World

USED = Quantities(input_tokens=1_000, cached_input_tokens=200, output_tokens=300, reasoning_tokens=100)


def set_price(world: World, deployment: Deployment, at: datetime, *, output: int = 1) -> Price:
    """USD per million tokens, in force from then on, whenever it is entered."""
    rates = catalogue.Rates(input=10**9, output=output * 10**9)
    with within(world.admin.scope):
        return catalogue.set_price(
            actor=world.admin, deployment=deployment, rates=rates, effective_from=at, now=clock.now()
        )


def call(
    world: World,
    deployment: Deployment,
    price: Price,
    at: datetime,
    *,
    used: Quantities = USED,
    beside: int = 0,
    budgets: dict[str, str] | None = None,
    outcome: str = "completed",
) -> Settlement:
    """Settled by that price; `beside` is what attempts that failed were charged."""
    is_known = outcome != "outcome_unknown"
    cost = charge.cost(used, price.schedule) + beside
    settled = Settlement(
        request_id=UUID(f"{first_id_at(at).hex[:13]}{new_id().hex[13:]}"),
        organization_id=world.organization.id,
        team_id=world.team.id,
        deployment_id=deployment.id if is_known else None,
        price_id=price.id if is_known else None,
        outcome_record_id=new_id(),
        model=deployment.model.slug,
        outcome=outcome,
        estimated=not is_known,
        input_tokens=used.input_tokens,
        cached_input_tokens=used.cached_input_tokens,
        output_tokens=used.output_tokens,
        reasoning_tokens=used.reasoning_tokens,
        cost_nano_usd=cost,
        held_nano_usd=cost,
        admitted_at=at,
        settled_at=at,
        budgets=budgets or {},
    )
    Settlement.across_tenants.using("migrator").bulk_create([settled])
    return settled


def wrongly_rated(world: World) -> Deployment:
    """One call an hour ago, and a price that was entered after it and is in force since two hours ago."""
    deployment = world.deploy(new_model(world), world.provider())
    with within(world.admin.scope):
        price = Price.objects.get(deployment=deployment)
    call(world, deployment, price, clock.now() - timedelta(hours=1))
    set_price(world, deployment, clock.now() - timedelta(hours=2), output=7)
    return deployment


def rerate(actor: Actor, deployment: Deployment) -> Rated:
    now = clock.now()
    period = Period(now - timedelta(days=5), now)
    return rerating.rerate(actor=actor, deployment=deployment, period=period, now=now)
