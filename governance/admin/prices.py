"""What deployments cost."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextInputWidget

from governance import price_lines
from governance.models import Price
from governance.services import catalogue
from governance.services.catalogue import Rates
from kit import clock, money
from tenants.acting import actor_of
from tenants.admin.base import GovernedAdmin, GovernedForm
from tenants.admin.fields import LinesField, UsdField

_PPM_PER_PERCENT = 10_000


class RatesField(LinesField):
    """Rates, one a line."""

    def clean(self, value: Any) -> Any:
        try:
            return price_lines.read(super().clean(value))
        except ValueError as wrong:
            raise forms.ValidationError(f"{str(wrong)[:1].upper()}{str(wrong)[1:]}.") from wrong


class PriceForm(GovernedForm):
    input = UsdField(label="Input, USD per million tokens")
    cached_input = UsdField(
        required=False, label="Cached input, USD per million tokens", help_text="Empty: as other input."
    )
    output = UsdField(label="Output, USD per million tokens")
    per_request = UsdField(required=False, label="Per request, USD")
    more_rates = RatesField(
        label="Further rates",
        required=False,
        help_text=f"One a line, in USD per million tokens, per image, search or GPU second: {price_lines.EXAMPLES}. "
        "What is not named costs as what it is a part of.",
    )
    discount = forms.DecimalField(
        required=False,
        label="Discount, per cent",
        min_value=0,
        max_value=100,
        decimal_places=4,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any", "min": "0"}),
        help_text="Agreed with the provider, off everything.",
    )
    reference = forms.CharField(
        required=False, max_length=200, widget=UnfoldAdminTextInputWidget, help_text="A price list, a contract."
    )


@admin.register(Price)
class PriceAdmin(GovernedAdmin[Price]):
    purpose = "What a deployment costs from a moment on. Earlier prices stay."
    form = PriceForm
    can_enter = True
    list_display = ["deployment", "effective_from", "input_usd", "cached_usd", "output_usd", "request_usd", "further"]
    list_filter = ["deployment__provider", "deployment__region"]
    list_select_related = ["deployment__model", "deployment__provider"]
    search_fields = ["deployment__model__slug", "deployment__provider__name"]
    fields = [
        "deployment",
        "effective_from",
        "input_usd",
        "cached_usd",
        "output_usd",
        "request_usd",
        "further",
        "discount_shown",
        "reference",
        "created_at",
    ]
    readonly_fields = ["input_usd", "cached_usd", "output_usd", "request_usd", "further", "discount_shown"]
    add_fieldsets = [
        (
            None,
            {
                "fields": [
                    "deployment",
                    "effective_from",
                    "input",
                    "cached_input",
                    "output",
                    "per_request",
                    "more_rates",
                    "discount",
                    "reference",
                ],
                "description": "In force from then on. Earlier prices stay, and what was settled stays settled.",
            },
        )
    ]

    @admin.display(description="Input, per million", ordering="input_nano_usd_per_million")
    def input_usd(self, row: Price) -> str:
        return money.display(row.input_nano_usd_per_million)

    @admin.display(description="Cached input, per million", ordering="cached_input_nano_usd_per_million")
    def cached_usd(self, row: Price) -> str:
        return money.display(row.cached_input_nano_usd_per_million)

    @admin.display(description="Output, per million", ordering="output_nano_usd_per_million")
    def output_usd(self, row: Price) -> str:
        return money.display(row.output_nano_usd_per_million)

    @admin.display(description="Per request", ordering="per_request_nano_usd")
    def request_usd(self, row: Price) -> str:
        return money.display(row.per_request_nano_usd)

    @admin.display(description="Further rates")
    def further(self, row: Price) -> str:
        return "; ".join(price_lines.written(rate) for rate in row.further()) or "none"

    @admin.display(description="Discount")
    def discount_shown(self, row: Price) -> str:
        return f"{row.discount_ppm / _PPM_PER_PERCENT:g} %"

    def get_changeform_initial_data(self, request: HttpRequest) -> Any:
        return {"effective_from": clock.now(), **super().get_changeform_initial_data(request)}

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Price:
        rates = Rates(
            input=entered["input"],
            output=entered["output"],
            cached_input=entered["cached_input"],
            per_request=entered["per_request"] or 0,
            further=entered["more_rates"] or (),
            discount_ppm=int((entered["discount"] or 0) * _PPM_PER_PERCENT),
            reference=entered["reference"],
        )
        return catalogue.set_price(
            actor=actor_of(request),
            deployment=entered["deployment"],
            rates=rates,
            effective_from=entered["effective_from"],
            now=clock.now(),
        )
