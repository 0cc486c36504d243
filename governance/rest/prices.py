"""Prices on the wire: USD as decimal strings, a discount in per cent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from audit.pricing.quantities import Component
from audit.pricing.schedule import SERVICE_TIERS, STANDARD, Rate
from governance.models import Deployment, Price
from governance.services.catalogue import Rates
from governance.services.rerating import Rated
from tenants.rest.base import Scoped, UsdField

_PPM_PER_PERCENT = 10_000
_WHOLE = 100
_LONGEST = 10**9


class RateField(serializers.Serializer[Rate]):
    """USD per million tokens, or per request, image, search or GPU second; for one service tier, beyond one length."""

    component = serializers.ChoiceField(choices=[(each.value, each.value) for each in Component])
    usd = UsdField(source="nano_usd")
    service_tier = serializers.ChoiceField(choices=[(each, each) for each in SERVICE_TIERS], default=STANDARD)
    above_input_tokens = serializers.IntegerField(min_value=0, max_value=_LONGEST, default=0)

    def to_internal_value(self, data: Any) -> Rate:
        entered = super().to_internal_value(data)
        return Rate(**{**entered, "component": Component(entered["component"])})


class PercentField(serializers.DecimalField):
    """Per cent as a decimal string on the wire, parts per million inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=7, decimal_places=4, **options)

    def to_internal_value(self, data: Any) -> Any:
        percent = super().to_internal_value(data)
        if not 0 <= percent <= _WHOLE:
            raise serializers.ValidationError("From 0 to 100 per cent.")
        return int(percent * _PPM_PER_PERCENT)

    def to_representation(self, value: Any) -> str:
        return f"{(Decimal(value) / _PPM_PER_PERCENT).normalize():f}"


class RatesTaken(serializers.Serializer[Any]):
    input_usd = UsdField()
    cached_input_usd = UsdField(required=False, allow_null=True, default=None)
    output_usd = UsdField()
    per_request_usd = UsdField(required=False, default=0)
    further_rates = RateField(many=True, required=False, default=list)
    discount_percent = PercentField(required=False, default=0)
    reference = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class PriceTaken(RatesTaken):
    deployment = Scoped(Deployment)
    effective_from = serializers.DateTimeField()


class PriceShown(serializers.ModelSerializer[Price]):
    """USD per million tokens, and per request."""

    deployment = serializers.UUIDField(source="deployment_id", read_only=True)
    input_usd = UsdField(source="input_nano_usd_per_million", read_only=True)
    cached_input_usd = UsdField(source="cached_input_nano_usd_per_million", read_only=True)
    output_usd = UsdField(source="output_nano_usd_per_million", read_only=True)
    per_request_usd = UsdField(source="per_request_nano_usd", read_only=True)
    further_rates = RateField(many=True, source="further", read_only=True)
    discount_percent = PercentField(source="discount_ppm", read_only=True)

    class Meta:
        model = Price
        fields = [
            "id",
            "deployment",
            "effective_from",
            "input_usd",
            "cached_input_usd",
            "output_usd",
            "per_request_usd",
            "further_rates",
            "discount_percent",
            "reference",
            "created_at",
        ]


class RatingTaken(serializers.Serializer[Any]):
    """Calls that came in from `since` until before `until`."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    after = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="The request that the step before ended with."
    )
    only_looks = serializers.BooleanField(default=False, help_text="Says what it would correct; corrects nothing.")


class RatedShown(serializers.Serializer[Rated]):
    """`after` is null once there is no call left to look at."""

    looked_at = serializers.IntegerField(read_only=True)
    corrected = serializers.IntegerField(read_only=True)
    difference_usd = UsdField(source="difference_nano_usd", read_only=True)
    after = serializers.UUIDField(read_only=True, allow_null=True)


def rates_of(entered: Mapping[str, Any]) -> Rates:
    """From what `RatesTaken` has read."""
    return Rates(
        input=entered["input_usd"],
        cached_input=entered["cached_input_usd"],
        output=entered["output_usd"],
        per_request=entered["per_request_usd"],
        further=tuple(entered["further_rates"]),
        discount_ppm=entered["discount_percent"],
        reference=entered["reference"],
    )
