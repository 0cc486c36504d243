"""Stopping all calls of all organisations: an act of the installation's operator, done by a command."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from audit.ledger.append import append_act
from governance.models import NoticeKind, SubjectKind, Suspension
from governance.services import notices
from governance.services.suspensions import said
from kit.context import Actor
from tenants.models import Membership, Organization, Role

# The portal's role may not: an organisation must not be able to stop the others.
SYSTEM = "system"


def suspend(*, reason: str, now: datetime, cuts_calls: bool = False) -> int:
    """Refuses every call until `resume`; each organisation finds it among its acts. Gives how many it stopped anew.

    One that is founded meanwhile is stopped too.
    """
    reason = said(reason)
    with transaction.atomic(using=SYSTEM):
        stopped = _in_force().values("organization_id")
        begun = list(Organization.across_tenants.using(SYSTEM).exclude(id__in=stopped))
        Suspension.across_tenants.using(SYSTEM).bulk_create(
            Suspension(
                organization=organization,
                subject_kind=SubjectKind.EVERYTHING,
                subject_id=organization.id,
                reason=reason,
                cuts_calls=cuts_calls,
                act_id=append_act(
                    actor=Actor("system", organization.id, organization.id),
                    action="governance.everything.suspended",
                    object_kind="organization",
                    object_id=organization.id,
                    details={"cuts_calls": cuts_calls},
                    using=SYSTEM,
                ),
                begun_at=now,
            )
            for organization in begun
        )
        _tell([organization.id for organization in begun], NoticeKind.SUSPENDED, now)
    return len(begun)


def resume(*, reason: str, now: datetime) -> int:
    """Lets calls go on, as far as nothing else stops them. Gives of how many organisations."""
    reason = said(reason)
    with transaction.atomic(using=SYSTEM):
        ended = list(_in_force().select_for_update())
        for suspension in ended:
            organization_id = suspension.organization_id
            append_act(
                actor=Actor("system", organization_id, organization_id),
                action="governance.everything.resumed",
                object_kind="organization",
                object_id=organization_id,
                using=SYSTEM,
            )
        _in_force().update(ended_at=now, end_reason=reason)
        _tell([suspension.organization_id for suspension in ended], NoticeKind.RESUMED, now)
    return len(ended)


def _tell(organizations: list[UUID], kind: NoticeKind, now: datetime) -> None:
    """Whoever governs in each of them, that all its calls are stopped or go on."""
    governing: dict[UUID, set[UUID]] = {organization_id: set() for organization_id in organizations}
    held = Membership.across_tenants.using(SYSTEM).filter(role__in=[Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER])
    for organization_id, user_id in held.filter(organization_id__in=organizations).values_list(
        "organization_id", "user_id"
    ):
        governing[organization_id].add(user_id)
    for organization_id, people in governing.items():
        notices.tell(
            organization_id=organization_id,
            people=people,
            kind=kind,
            subject_kind=SubjectKind.ORGANIZATION.value,
            subject_id=organization_id,
            now=now,
            using=SYSTEM,
        )


def _in_force() -> QuerySet[Suspension]:
    return Suspension.across_tenants.using(SYSTEM).filter(subject_kind=SubjectKind.EVERYTHING, ended_at__isnull=True)
