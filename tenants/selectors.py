"""Reads across the models of the tenants app."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from tenants.models import User

GONE = "someone who has left"


def names_of(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of people for a page. Who is no longer of the organisation, or is of a team that is not seen, has none
    that may be shown: `GONE`."""
    wanted = set(user_ids)
    found = {user.id: str(user) for user in User.objects.filter(id__in=wanted)}
    return {user_id: found.get(user_id, GONE) for user_id in wanted}
