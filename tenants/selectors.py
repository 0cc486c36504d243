"""Reads across the models of the tenants app."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import OuterRef, Subquery

from kit import scoping
from tenants.models import Organization, Project, User

GONE = "someone who has left"


def names_of(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of people for a page. Who is no longer of the organisation, or is of a team that is not seen, has none
    that may be shown: `GONE`."""
    wanted = set(user_ids)
    found = {user.id: str(user) for user in User.objects.filter(id__in=wanted)}
    return {user_id: found.get(user_id, GONE) for user_id in wanted}


def name_of(column: str) -> Subquery:
    """The name of the person in a column, to annotate lists with; none where `names_of` says `GONE`. People are not
    joined: row-level security hides whoever has left, and would hide the row too."""
    return Subquery(User.objects.filter(id=OuterRef(column)).values("name"))


def regions_of_callers() -> list[str]:
    """Where applications run, as far as it has been said: the organisation's home and the regions of projects."""
    home = Organization.objects.values_list("region", flat=True).get(id=scoping.current().organization_id)
    return sorted({home, *Project.objects.exclude(region="").values_list("region", flat=True)})
