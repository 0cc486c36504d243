"""Joining, roles and access tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError, connection, transaction

from kit import clock, errors
from kit.ids import new_id
from kit.scoping import within
from portal import api_auth
from tenants import selectors
from tenants.models import Membership, PersonalAccessToken, Role, User
from tenants.services import people
from tests.support.world import World


def admit(world: World, email: str, role: Role = Role.AUDITOR, **options: Any) -> tuple[Membership, str | None]:
    admin = world.admin
    with within(admin.scope):
        return people.admit(actor=admin, email=email, name="Nina", role=role, now=clock.now(), **options)


def address() -> str:
    return f"nina.{new_id().hex[-12:]}@example.com"


def test_somebody_new_gets_a_password_once(world: World, other_world: World) -> None:
    email = address()
    first, password = admit(world, f"  {email.upper()} ")
    second, none = admit(other_world, email)
    assert none is None
    assert first.user_id == second.user_id
    with within(world.system.scope):
        user = User.objects.get(id=first.user_id)
    assert user.email == email
    assert password is not None
    assert user.check_password(password)


def test_people_of_other_organisations_are_not_seen(world: World, other_world: World) -> None:
    stranger = other_world.admin.id
    with within(world.admin.scope):
        assert not User.objects.filter(id=stranger).exists()
        assert selectors.names_of([stranger, world.admin.id])[stranger] == selectors.GONE
        with connection.cursor() as cursor:
            cursor.execute("UPDATE tenants_user SET name = 'x' WHERE id = %s", [stranger])
            assert cursor.rowcount == 0


def test_an_address_that_was_looked_up_is_forgotten_after_joining(world: World, other_world: World) -> None:
    email = address()
    admit(other_world, email)
    admin = world.admin
    with within(admin.scope):
        membership, _ = people.admit(actor=admin, email=email, name="Nina", role=Role.AUDITOR, now=clock.now())
        people.end_membership(actor=admin, membership=membership)
        assert not User.objects.filter(email=email).exists()


@pytest.mark.parametrize("role", [Role.TEAM_LEAD, Role.DEVELOPER, Role.READ_ONLY])
def test_a_teams_role_names_its_team(world: World, role: Role) -> None:
    with pytest.raises((ValidationError, IntegrityError)):
        admit(world, address(), role)
    admit(world, address(), role, team=world.team)


def test_a_role_is_held_once(world: World) -> None:
    email = address()
    admit(world, email)
    with pytest.raises(ValidationError):
        admit(world, email)
    admit(world, email, Role.COMPLIANCE_OFFICER)


def test_nobody_joins_another_organisations_team(world: World, other_world: World) -> None:
    with pytest.raises((ValidationError, IntegrityError)):
        admit(world, address(), Role.DEVELOPER, team=other_world.team)


def test_nobody_ends_their_own_membership(world: World) -> None:
    admin = world.admin
    with within(admin.scope), pytest.raises(errors.Conflict):
        people.end_membership(actor=admin, membership=Membership.objects.get(user_id=admin.id))


def test_an_administrator_of_one_team_makes_none_of_all(world: World) -> None:
    lead = world.person("tina", Role.ADMINISTRATOR, world.team)
    world.person("tom", Role.DEVELOPER, world.team)
    user = world.people["tom"]
    with within(lead.scope):
        with pytest.raises(errors.Forbidden):
            people.add_member(actor=lead, user=user, role=Role.ADMINISTRATOR, now=world.now)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Membership.objects.create(organization=world.organization, user=user, role=Role.ADMINISTRATOR)
        people.add_member(actor=lead, user=user, role=Role.TEAM_LEAD, team=world.team, now=world.now)


def token_of(world: World, name: str = "ada") -> tuple[PersonalAccessToken, str]:
    actor = world.admin
    with within(actor.scope):
        token, issued = people.issue_access_token(actor=actor, user=world.people[name], name="x", now=clock.now())
    return token, issued.text


def holder(text: str) -> Any:
    with transaction.atomic():
        return api_auth.holder_of(text)


def test_a_token_speaks_for_its_maker_until_it_ends(world: World) -> None:
    token, text = token_of(world)
    found = holder(text)
    assert (found.user_id, found.organization_id) == (world.admin.id, world.organization.id)
    with clock.shifted(timedelta(days=90)):
        assert holder(text) is None
    with within(world.admin.scope):
        for _ in range(2):
            people.revoke_access_token(actor=world.admin, token=token, now=clock.now())
    assert holder(text) is None


@pytest.mark.parametrize("text", ["", "chp_", "chp_AAAAAAAAAAAA_x", "ü"])
def test_what_is_no_token_speaks_for_nobody(text: str) -> None:
    assert holder(text) is None


def test_a_token_is_neither_made_nor_ended_for_somebody_else(world: World) -> None:
    token, _ = token_of(world)
    officer = world.officer
    with within(officer.scope):
        with pytest.raises(errors.Forbidden):
            people.issue_access_token(actor=officer, user=world.people["ada"], name="x", now=clock.now())
        with pytest.raises(errors.NotFound):
            people.revoke_access_token(actor=officer, token=token, now=clock.now())
        assert not PersonalAccessToken.objects.filter(id=token.id).exists()


def test_nobody_gives_themselves_a_role(world: World) -> None:
    admin = world.admin
    with within(admin.scope):
        oneself = User.objects.get(id=admin.id)
        with pytest.raises(errors.Conflict, match="themselves"):
            people.admit(actor=admin, email=oneself.email, name="", role=Role.COMPLIANCE_OFFICER, now=clock.now())
