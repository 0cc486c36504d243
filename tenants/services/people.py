"""People: joining an organisation, and tokens for their scripts."""

from __future__ import annotations

from datetime import datetime, timedelta
from secrets import token_urlsafe

from django.db import transaction

from audit.ledger.append import append_act
from kit import errors, scoping, secrets
from kit.context import Actor
from kit.secrets import IssuedSecret
from tenants import permissions
from tenants.models import Membership, PersonalAccessToken, Role, Team, User
from tenants.peppers import peppers

_FIRST_PASSWORD_BYTES = 18


def add_member(*, actor: Actor, user: User, role: Role, now: datetime, team: Team | None = None) -> Membership:
    """Gives a person a role in the actor's organisation, or in one team of it. Raises `errors.Conflict` for oneself:
    whoever could make themselves an officer would decide what they ask for.
    """
    permissions.require(actor, "tenants.member.manage", otp=True)
    permissions.require_reach(actor, team.id if team else None)
    if user.id == actor.id:
        raise errors.Conflict("Nobody gives themselves a role; another administrator does.")
    with transaction.atomic():
        membership = Membership(organization_id=actor.organization_id, user=user, role=role, team=team, created_at=now)
        scoping.look_up_address(user.email)  # whoever is of no organisation yet is not readable otherwise
        membership.full_clean()
        scoping.look_up_address("")
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
    if actor.kind == "user" and user.id != actor.id:
        raise errors.Forbidden("An access token speaks for the person who makes it.")
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


def admit(
    *, actor: Actor, email: str, name: str, role: Role, now: datetime, team: Team | None = None
) -> tuple[Membership, str | None]:
    """Gives a role to the person of that address. One who is new gets a first password, to be shown once.

    The second value is that password, or none for a person who can sign in already.
    """
    permissions.require(actor, "tenants.member.manage", otp=True)
    email, password = email.strip().lower(), None
    with transaction.atomic():
        scoping.look_up_address(email)
        user = User.objects.filter(email=email).first()
        if user is None:
            password = token_urlsafe(_FIRST_PASSWORD_BYTES)
            user = User(email=email, name=name, created_at=now)
            user.set_password(password)
            user.full_clean()
            user.save(force_insert=True)
        membership = add_member(actor=actor, user=user, role=role, now=now, team=team)
    return membership, password


def end_membership(*, actor: Actor, membership: Membership) -> None:
    """Takes a role away; its acts end with the next request. Raises `errors.Conflict` for one's own."""
    permissions.require(actor, "tenants.member.manage", otp=True)
    permissions.require_reach(actor, membership.team_id)
    if membership.user_id == actor.id:
        raise errors.Conflict("Nobody ends their own membership; another administrator does.")
    with transaction.atomic():
        append_act(
            actor=actor,
            action="tenants.membership.ended",
            object_kind="user",
            object_id=membership.user_id,
            details={"role": membership.role, "team_id": str(membership.team_id) if membership.team_id else None},
        )
        membership.delete()


def revoke_access_token(*, actor: Actor, token: PersonalAccessToken, now: datetime) -> None:
    """Ends a token of one's own for good. Revoking twice changes nothing."""
    if token.user_id != actor.id:
        raise errors.NotFound("No such access token.")
    with transaction.atomic():
        locked = PersonalAccessToken.objects.select_for_update().get(id=token.id)
        if locked.revoked_at:
            return
        locked.revoked_at = now
        locked.save(update_fields=["revoked_at"])
        append_act(
            actor=actor,
            action="tenants.access_token.revoked",
            object_kind="user",
            object_id=actor.id,
            details={"prefix": locked.prefix},
        )
