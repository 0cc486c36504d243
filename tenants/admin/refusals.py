"""What a service refuses, in the words and at the fields of a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html

from kit.errors import ChanceryError


def needs_code(refusal: ChanceryError | ValidationError) -> bool:
    """Whether a fresh one-time password is all that was missing."""
    return isinstance(refusal, ChanceryError) and refusal.code == "otp_required"


def give_code_then_save() -> str:
    """In a tab of its own, since what was entered is on the page."""
    return format_html(
        '<a class="underline" href="{}" target="_blank">Give a one-time password</a>, then save again.',
        reverse("sign-in-code"),
    )


def explained(refusal: ChanceryError | ValidationError) -> list[tuple[str | None, str]]:
    """(field, sentence) for each thing that is wrong; no field where it is about the whole."""
    if isinstance(refusal, ChanceryError):
        return [(refusal.param, refusal.message)]
    if hasattr(refusal, "error_dict"):
        return [_placed(name, error) for name, errors in refusal.error_dict.items() for error in errors]
    return [(None, text) for text in refusal.messages]


def _placed(name: str, error: ValidationError) -> tuple[str | None, str]:
    """What must be unique within an organisation or team is wrong in the last of its fields."""
    unique: Any = (error.params or {}).get("unique_check") if isinstance(error.params, Mapping) else None
    if unique and len(unique) > 1:
        return unique[-1], "There is one of this name already."
    return name, error.messages[0]
