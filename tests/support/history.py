"""Looking into the history as the system role, for tests."""

from __future__ import annotations

from uuid import UUID

from audit.models import Change


def changes_of(object_id: UUID) -> list[Change]:
    """Of one row and without its parts, oldest first."""
    return list(Change.across_tenants.using("system").filter(object_id=object_id).order_by("id"))


def last_change(object_id: UUID) -> Change:
    return changes_of(object_id)[-1]
