"""In what capacity a person acts.

Roles are held per organisation, and some in one team only. Roles over the same teams are exercised together;
roles over different teams are not, or a lead of one team would lead every team he belongs to. Who holds
several capacities acts in one of them at a time and changes between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from kit.context import Actor
from tenants import permissions
from tenants.models import Membership, Organization, Role


@dataclass(frozen=True, slots=True)
class Capacity:
    """One organisation, and roles held over the same teams; `team_ids=None` is the whole organisation."""

    organization: Organization
    roles: frozenset[str]
    team_ids: frozenset[UUID] | None
    team_names: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Names the capacity in a session: stable as long as the memberships are."""
        reach = "all" if self.team_ids is None else ",".join(sorted(str(team) for team in self.team_ids))
        return f"{self.organization.id}:{reach}"

    @property
    def roles_text(self) -> str:
        return ", ".join(label for value, label in Role.choices if value in self.roles)

    @property
    def label(self) -> str:
        where = f" in {', '.join(self.team_names)}" if self.team_names else ""
        return f"{self.organization.name}: {self.roles_text}{where}"

    @property
    def needs_otp(self) -> bool:
        return bool(self.roles & permissions.OTP_REQUIRED)

    def actor(self, user_id: UUID, *, otp_verified: bool, address: str | None) -> Actor:
        return Actor(
            kind="user",
            id=user_id,
            organization_id=self.organization.id,
            acts=permissions.acts_of(self.roles),
            team_ids=self.team_ids,
            otp_verified=otp_verified,
            address=address,
        )


def capacities_of(user_id: UUID) -> list[Capacity]:
    """Everything the identified person may act as, those over a whole organisation first.

    Runs where `kit.scoping.identify` has made the person's own memberships readable.
    """
    memberships = Membership.across_tenants.filter(user_id=user_id).select_related("organization", "team")
    by_organization: dict[UUID, list[Membership]] = defaultdict(list)
    for membership in memberships:
        by_organization[membership.organization_id].append(membership)
    found = [capacity for held in by_organization.values() for capacity in _within_organization(held)]
    return sorted(found, key=lambda capacity: (capacity.organization.name, capacity.team_ids is not None, capacity.key))


def chosen(capacities: Sequence[Capacity], key: str | None) -> Capacity | None:
    """The capacity of that key, else the first; none for a person without memberships."""
    return next((capacity for capacity in capacities if capacity.key == key), capacities[0] if capacities else None)


def _within_organization(held: Iterable[Membership]) -> list[Capacity]:
    roles_of_team: dict[UUID | None, set[str]] = defaultdict(set)
    names: dict[UUID | None, str] = {}
    organization: Organization | None = None
    for membership in held:
        organization = membership.organization
        roles_of_team[membership.team_id].add(membership.role)
        names[membership.team_id] = membership.team.name if membership.team else ""
    assert organization is not None
    teams_of_roles: dict[frozenset[str], list[UUID]] = defaultdict(list)
    found = []
    for team_id, roles in roles_of_team.items():
        if team_id is None:
            found.append(Capacity(organization, frozenset(roles), None))
        else:
            teams_of_roles[frozenset(roles)].append(team_id)
    for shared, teams in teams_of_roles.items():
        team_names = tuple(sorted(names[team] for team in teams))
        found.append(Capacity(organization, shared, frozenset(teams), team_names))
    return found
