"""Letting somebody decide in one's place for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from audit.ledger.append import append_act
from governance.models import Delegation, NoticeKind
from governance.services import notices
from governance.services.approvals.signing import REVIEW
from kit import clock, errors
from kit.context import Actor
from tenants import permissions
from tenants.models import Membership, User

LONGEST = timedelta(days=90)


def delegate(*, actor: Actor, to: User, starts_at: datetime, ends_at: datetime) -> Delegation:
    """Passes on one's own right to review, and no right that was delegated to oneself.

    Raises `errors.InvalidRequest` for a time that is not before it ends or too long, and for somebody who is not of
    the organisation; `errors.Conflict` for oneself.
    """
    permissions.require(actor, REVIEW, otp=True)
    if to.id == actor.id:
        raise errors.Conflict("Nobody delegates to themselves.")
    if not starts_at < ends_at <= starts_at + LONGEST:
        raise errors.InvalidRequest(f"A delegation ends within {LONGEST.days} days.", param="ends_at")
    if not Membership.objects.filter(user_id=to.id).exists():
        raise errors.InvalidRequest("That person is not of the organisation.", param="delegate")
    with transaction.atomic():
        made = Delegation.objects.create(
            organization_id=actor.organization_id,
            delegator_id=actor.id,
            delegate_id=to.id,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        _record(actor, "governance.delegation.made", made)
        notices.tell(
            organization_id=actor.organization_id,
            people=[to.id],
            kind=NoticeKind.DELEGATED,
            subject_kind="user",
            subject_id=actor.id,
            now=clock.now(),
        )
    return made


def end(*, actor: Actor, delegation: Delegation, now: datetime) -> None:
    """Takes one's own delegation back. Again changes nothing."""
    with transaction.atomic():
        locked = Delegation.objects.select_for_update().get(id=delegation.id)
        if locked.delegator_id != actor.id:
            raise errors.Forbidden("Only whoever delegated takes it back.")
        if locked.ends_at <= now:
            return
        locked.ends_at = max(now, locked.starts_at)
        locked.save(update_fields=["ends_at"])
        _record(actor, "governance.delegation.ended", locked)


def _record(actor: Actor, action: str, delegation: Delegation) -> None:
    append_act(
        actor=actor,
        action=action,
        object_kind="user",
        object_id=delegation.delegator_id,
        details={"delegation_id": str(delegation.id), "delegate_id": str(delegation.delegate_id)},
    )
