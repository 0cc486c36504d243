"""Form fields in people's units, kept in the product's own: USD as nano-USD, lists as lines, documents as JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextareaWidget

from kit import money

_LARGEST = 2**63 - 1
_LONGEST_DOCUMENT = 200_000  # characters


class UsdField(forms.DecimalField):
    """An amount in USD, as an integer of nano-USD."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", UnfoldAdminDecimalFieldWidget(attrs={"step": "any", "min": "0"}))
        super().__init__(min_value=Decimal(0), max_value=money.to_usd(_LARGEST), decimal_places=9, **options)

    def clean(self, value: Any) -> Any:
        amount = super().clean(value)
        return None if amount is None else money.from_usd(amount)

    def prepare_value(self, value: Any) -> Any:
        return money.plain(value) if isinstance(value, int) else value


class LinesField(forms.CharField):
    """A list of strings, one a line."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", UnfoldAdminTextareaWidget(attrs={"rows": 3}))
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class JsonField(forms.CharField):
    """A document that people paste."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false"}))
        super().__init__(max_length=_LONGEST_DOCUMENT, **options)

    def clean(self, value: Any) -> Any:
        try:
            return orjson.loads(super().clean(value))
        except orjson.JSONDecodeError:
            raise forms.ValidationError("This is not JSON.") from None
