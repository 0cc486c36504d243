"""Who asks for the rows of the first team of the first organisation."""

from __future__ import annotations

from dataclasses import dataclass

from tenants.models import Role
from tests.isolation.walls import Estate
from tests.support import cast
from tests.support.cast import Person


@dataclass(slots=True)
class Callers:
    """The first four may read them, within their roles; the sister leads the other team, the stranger administers
    another organisation."""

    admin: Person
    officer: Person
    reader: Person
    lead: Person
    sister: Person
    stranger: Person

    @property
    def outside(self) -> list[Person]:
        return [self.sister, self.stranger]


def gather(estate: Estate, other_estate: Estate) -> Callers:
    first, second = estate.plots
    return Callers(
        admin=cast.join(estate.world, "Ada", Role.ADMINISTRATOR),
        officer=cast.join(estate.world, "Olga", Role.COMPLIANCE_OFFICER),
        reader=cast.join(estate.world, "Rob", Role.READ_ONLY, first.team),
        lead=first.lead,
        sister=second.lead,
        stranger=cast.join(other_estate.world, "Zoe", Role.ADMINISTRATOR),
    )
