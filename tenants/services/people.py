"""People: joining an organisation, and tokens for their scripts."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from audit.ledger.append import append_act
from kit import secrets
from kit.context import Actor
from kit.secrets import IssuedSecret
from tenants import permissions
from tenants.models import Membership, PersonalAccessToken, Role, Team, User
from tenants.peppers import peppers


def add_member(*, actor: Actor, user: User, role: Role, now: datetime, team: Team | None = None) -> Membership:
    """Gives a person a role in the actor's organisation, or in one team of it."""
    permissions.require(actor, "tenants.member.manage", otp=True)
    with transaction.atomic():
        membership = Membership(
            organization_id=actor.organization_id, user=user, role=role, team=team, created_at=now
        )
        membership.full_clean()
        membership.save(force_insert=True)
        append_act(
            actor=actor,
            action="tenants.membership.added",
            object_kind="user",
            object_id=user.id,
            details={"role": role.value, "team_id": str(team.id) if team else None},
        )
    return membership


def issue_access_token(
    *, actor: Actor, user: User, name: str, now: datetime, ttl: timedelta = timedelta(days=90)
) -> tuple[PersonalAccessToken, IssuedSecret]:
    """A token of one's own. The returned secret's text is not stored anywhere."""
    permissions.require(actor, "portal.view")
    issued = secrets.issue("chp", peppers())
    with transaction.atomic():
        token = PersonalAccessToken.objects.create(
            organization_id=actor.organization_id,
            user=user,
            name=name,
            prefix=issued.prefix,
            digest=issued.digest,
            pepper_number=issued.pepper_number,
            created_at=now,
            expires_at=now + ttl,
        )
        append_act(
            actor=actor,
            action="tenants.access_token.issued",
            object_kind="user",
            object_id=user.id,
            details={"prefix": issued.prefix},
        )
    return token, issued
