"""A team to be onboarded."""

from __future__ import annotations

from typing import Any

from governance.services.onboarding import Lead, Named, Plan
from kit.ids import new_id


def plan(slug: str = "claims", *, email: str = "", **parts: Any) -> Plan:
    """Led by somebody new, unless told otherwise."""
    lead = Lead(email or f"lena.{new_id().hex[-12:]}@example.com", "Lena")
    return Plan(Named("Claims", slug), lead, Named("Letters", "letters"), **parts)
