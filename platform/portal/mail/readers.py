"""For whom an e-mail is written: who is still there, and what they may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from governance.models import Notice
from governance.services.notices import roles_that_see
from kit import clock
from kit.scoping import Scope, within
from portal.notice_words import Told, told
from portal.spend import reports
from tenants import permissions
from tenants.models import Membership, Organization, User

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Reader:
    """A person of an organisation, with every role they hold there."""

    person: User
    organization: Organization
    memberships: tuple[Membership, ...]

    @property
    def scope(self) -> Scope:
        teams = {membership.team_id for membership in self.memberships}
        reach = None if None in teams else frozenset(team for team in teams if team)
        return Scope(self.organization.id, reach, self.person.id)

    def told(self, notices: Iterable[Notice]) -> list[Told]:
        """In words, what the person may still see of it."""
        roles = {membership.role for membership in self.memberships}
        theirs = [notice for notice in notices if roles.intersection(roles_that_see(notice.subject_kind))]
        with within(self.scope):
            return [self._whole(each) for each in told(theirs) if each.is_seen]

    def _whole(self, each: Told) -> Told:
        """With the figures, where it tells of costs to somebody whose role for that reaches as far."""
        if each.notice.kind not in reports.KINDS:
            return each
        report = reports.report_of(each.notice, self.organization)
        reach = {held.team_id for held in self.memberships if "audit.spend.view" in permissions.ACTS[held.role]}
        if reach.isdisjoint({None, report.team_id}):
            return each
        return replace(each, lines=tuple(report.lines(clock.now())))


def reader_of(organization_id: UUID, person_id: UUID) -> Reader | None:
    """None for somebody who has left or is not active."""
    held = Membership.across_tenants.using(SYSTEM).filter(organization_id=organization_id, user_id=person_id)
    memberships = tuple(held.filter(user__is_active=True).select_related("user", "organization"))
    if not memberships:
        return None
    return Reader(memberships[0].user, memberships[0].organization, memberships)
