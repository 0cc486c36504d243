"""Telling people that something happened, and how they want to be told.

A notice is written beside what it tells of and holds ids alone; the words are made for whoever reads it. To read one
and to choose how to be told concern nobody else: neither is an act in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections

from governance import hints
from governance.models import Notice, NoticeKind, NoticePreference, NoticeWay
from kit.context import Actor
from tenants import permissions
from tenants.models import Membership

# By which act the subject of a notice is seen, where that is not the register's.
SEEN_BY = {
    "alert": "governance.alert.view",
    "api_key": "tenants.api_key.view",
    "budget_increase": "tenants.budget_increase.view",
    "organization": "portal.view",
    "statement": "audit.spend.view",
    "team": "portal.view",
    "user": "portal.view",
}
_TELL = "SELECT governance_tell(%s, %s, %s, %s, %s, %s, %s, %s, %s)"


def tell(
    *,
    organization_id: UUID,
    people: Iterable[UUID],
    kind: NoticeKind,
    subject_kind: str,
    subject_id: UUID,
    now: datetime,
    once: str | None = None,
    teams: Iterable[UUID] = (),
    using: str = DEFAULT_DB_ALIAS,
) -> int:
    """Writes a notice for each of these people in the running transaction. Gives for how many.

    Left out is who has left, who may not see the subject, who is of none of the `teams` it concerns (none named: all),
    and whoever was told the same thing, named by `once`, before: saying it again changes nothing.
    """
    wanted = list(set(people))
    if not wanted:
        return 0
    with connections[using].cursor() as cursor:
        what: list[Any] = [kind.value, subject_kind, subject_id, now, once]
        cursor.execute(_TELL, [organization_id, wanted, *what, roles_that_see(subject_kind), list(teams)])
        told: int = cursor.fetchone()[0]
    hints.notices_changed(organization_id, using=using)
    return told


def tell_holders(
    *,
    act: str,
    actor: Actor,
    kind: NoticeKind,
    subject_kind: str,
    subject_id: UUID,
    now: datetime,
    once: str | None = None,
) -> None:
    """Whoever may do `act`, but for the actor. As `tell`."""
    holders = Membership.objects.filter(role__in=permissions.roles_with(act)).exclude(user_id=actor.id)
    tell(
        organization_id=actor.organization_id,
        people=holders.values_list("user_id", flat=True),
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        now=now,
        once=once,
    )


def read(*, actor: Actor, notices: Iterable[UUID] | None = None, now: datetime) -> int:
    """Marks one's own notices as read, all of them unless some are named. Gives how many were not."""
    unread = Notice.objects.filter(person_id=actor.id, read_at__isnull=True)
    if notices is not None:
        unread = unread.filter(id__in=list(notices))
    return unread.update(read_at=now)


def prefer(*, actor: Actor, ways: Mapping[NoticeKind, NoticeWay]) -> None:
    """Chooses how to be told of each of these kinds from now on."""
    for kind, way in ways.items():
        NoticePreference.objects.update_or_create(
            organization_id=actor.organization_id, person_id=actor.id, kind=kind.value, defaults={"way": way}
        )


def ways_of(actor: Actor) -> dict[NoticeKind, NoticeWay]:
    """How the actor wants to be told of each kind: by e-mail at once, unless chosen otherwise."""
    chosen = dict(NoticePreference.objects.filter(person_id=actor.id).values_list("kind", "way"))
    return {kind: NoticeWay(chosen.get(kind.value, NoticeWay.MAIL)) for kind in NoticeKind}


def unread_of(actor: Actor) -> int:
    return Notice.objects.filter(person_id=actor.id, read_at__isnull=True).count()


def roles_that_see(subject_kind: str) -> list[str]:
    """The roles that are shown a subject of that kind."""
    return permissions.roles_with(SEEN_BY.get(subject_kind, "governance.register.view"))
