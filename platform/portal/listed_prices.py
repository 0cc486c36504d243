"""A price list beside the prices in force, and what would have to be entered to follow it. Nothing is entered here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from audit.pricing.quantities import Component
from audit.pricing.schedule import STANDARD, Rate, Schedule
from governance import price_lines, selectors
from governance.intake.litellm_prices import Listed, PriceList
from governance.models import Deployment, Price
from governance.services import catalogue
from governance.services.catalogue import Rates
from portal.declared.declaration import FORMAT
from portal.declared.sections.register import Prices


@dataclass(frozen=True, slots=True)
class Compared:
    """A deployment with its price in force and what the list says, either of which there may be none of."""

    deployment: Deployment
    price: Price | None
    listed: Listed | None

    @property
    def is_new(self) -> bool:
        """Whether the list says something that is not so."""
        return self.listed is not None and (self.price is None or _rates(self.price.schedule) != _rates(self.schedule))

    @property
    def schedule(self) -> Schedule:
        assert self.listed is not None
        return self.listed.schedule

    def differences(self) -> Iterator[str]:
        """One line for each rate that goes (-) or comes (+), as a form takes it."""
        before = _rates(self.price.schedule) if self.price else set()
        after = _rates(self.schedule)
        yield from sorted(f"- {price_lines.written(rate)}" for rate in before - after)
        yield from sorted(f"+ {price_lines.written(rate)}" for rate in after - before)


def compare(prices: PriceList, at: datetime) -> list[Compared]:
    """Every deployment of the entered scope, by its upstream's name for the model."""
    deployments = Deployment.objects.select_related("model", "provider").prefetch_related("prices")
    return [
        Compared(deployment, selectors.price_at(deployment, at), prices.find(deployment.upstream_model))
        for deployment in deployments
    ]


def declared(found: Iterable[Compared], reference: str, effective_from: datetime) -> dict[str, Any]:
    """What differs, as a document that `apply` reads. A discount that is agreed stays."""
    section = Prices()
    entries = [
        section.form().written(section.read(_price(each, reference, effective_from))) for each in found if each.is_new
    ]
    return {"chancery": FORMAT, section.name: entries}


def _price(compared: Compared, reference: str, effective_from: datetime) -> Price:
    agreed = compared.price.discount_ppm if compared.price else 0
    rates = Rates.of(replace(compared.schedule, discount_ppm=agreed), reference)
    return catalogue.price_of(compared.deployment, rates, effective_from)


def _rates(schedule: Schedule) -> set[Rate]:
    """As they are charged: cached input always has a rate, and a request that is free needs none."""
    named = {rate for rate in schedule.rates if rate.nano_usd or rate.component is not Component.REQUEST}
    cached = schedule.band(STANDARD, 0).rate(Component.CACHED_INPUT)
    return named | {Rate(Component.CACHED_INPUT, cached)}
