"""What a deployment costs, from a moment on."""

from __future__ import annotations

from functools import cached_property

from django.db import models
from django.db.models import Q

from audit.pricing.quantities import Component
from audit.pricing.schedule import PARTS_PER_MILLION, Rate, Schedule
from governance.models.catalogue import Deployment
from kit import clock
from kit.tenant_owned import TenantOwned


class Price(TenantOwned):
    """One version of a deployment's price, in nano-USD. Never changed: a new price is a new row.

    The four rates that most prices consist of have columns. `further_rates` holds every other one, such as cache
    writes, long inputs or service tiers, as objects of `component`, `service_tier`, `above_input_tokens` and
    `nano_usd` (see `audit.pricing`); the database refuses what is not such a list, or half a tier.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="prices")
    effective_from = models.DateTimeField()
    input_nano_usd_per_million = models.BigIntegerField("input, nano-USD per million tokens")
    cached_input_nano_usd_per_million = models.BigIntegerField("cached input, nano-USD per million tokens")
    output_nano_usd_per_million = models.BigIntegerField("output, nano-USD per million tokens")
    per_request_nano_usd = models.BigIntegerField("per request, nano-USD", default=0)
    further_rates = models.JSONField(default=list, blank=True)
    discount_ppm = models.PositiveIntegerField(
        "discount, parts per million", default=0, help_text="Agreed with the provider, off everything."
    )
    reference = models.CharField(max_length=200, blank=True, help_text="Where it is found: a price list, a contract.")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["deployment", "-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "effective_from"], name="price_once_per_moment"),
            models.CheckConstraint(
                condition=Q(
                    input_nano_usd_per_million__gte=0,
                    cached_input_nano_usd_per_million__gte=0,
                    output_nano_usd_per_million__gte=0,
                    per_request_nano_usd__gte=0,
                ),
                name="price_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(discount_ppm__lte=PARTS_PER_MILLION), name="price_discount_is_at_most_everything"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment} from {self.effective_from:%Y-%m-%d}"

    @cached_property
    def schedule(self) -> Schedule:
        """Raises `ValueError` for rates that are no price."""
        rates = (
            Rate(Component.INPUT, self.input_nano_usd_per_million),
            Rate(Component.CACHED_INPUT, self.cached_input_nano_usd_per_million),
            Rate(Component.OUTPUT, self.output_nano_usd_per_million),
            Rate(Component.REQUEST, self.per_request_nano_usd),
            *self.further(),
        )
        return Schedule(rates, self.discount_ppm)

    def further(self) -> tuple[Rate, ...]:
        return tuple(Rate(**{**rate, "component": Component(rate["component"])}) for rate in self.further_rates)
