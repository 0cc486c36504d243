"""Pointing out near-duplicates on a form before something is listed twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError

IS_ANOTHER: dict[str, Any] = {
    "label": "It is another one",
    "help_text": "Where entries that read alike are pointed out: none of them is this one.",
}


def require_another(is_another: bool, similar: Iterable[object]) -> None:
    """Raises `ValidationError` that names the entries, unless somebody has said that it is none of them."""
    names = [] if is_another else [str(each) for each in similar]
    if names:
        raise ValidationError({"is_another": f"The register has something that reads alike: {', '.join(names)}."})
