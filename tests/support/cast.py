"""The cast of the portal's tests: people of one organisation with devices for one-time passwords, and their browsers.

Ada administers, Alice and Olga are compliance officers, Ann audits, Bob leads the team Payments, Dev develops in it,
Rob only reads.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import django_otp
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.test.client import ClientHandler
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from kit import clock
from kit.context import Actor
from kit.scoping import within
from portal import sign_in
from tenants import permissions
from tenants.models import Role, Team, User
from tenants.services import people
from tests.support import world as worlds
from tests.support.world import World


@dataclass(slots=True)
class Person:
    user: User
    role: Role
    organization_id: object
    team: Team | None
    device: TOTPDevice | None

    @property
    def actor(self) -> Actor:
        """As after signing in with a one-time password."""
        return Actor(
            "user",
            self.user.id,
            self.organization_id,  # type: ignore[arg-type]
            acts=permissions.acts_of([self.role]),
            team_ids=frozenset({self.team.id}) if self.team else None,
            otp_verified=True,
        )

    def code(self) -> str:
        """A code that is good now, also where one of the same half minute was used before."""
        assert self.device is not None
        TOTPDevice.objects.filter(id=self.device.id).update(last_t=-1, drift=0)
        totp = TOTP(self.device.bin_key)
        totp.time = time.time()
        return f"{totp.token():06d}"

    def token(self) -> str:
        """A personal access token."""
        with within(self.actor.scope):
            _, issued = people.issue_access_token(actor=self.actor, user=self.user, name="tests", now=clock.now())
        return issued.text


@dataclass(slots=True)
class Cast:
    world: World
    ada: Person
    alice: Person
    olga: Person
    ann: Person
    bob: Person
    dev: Person
    rob: Person
    others: dict[str, Person] = field(default_factory=dict)

    @property
    def everyone(self) -> list[Person]:
        return [self.ada, self.alice, self.olga, self.ann, self.bob, self.dev, self.rob]


def assemble() -> Cast:
    """A new organisation with everybody in it."""
    world = worlds.build()
    return Cast(
        world,
        ada=join(world, "Ada", Role.ADMINISTRATOR),
        alice=join(world, "Alice", Role.COMPLIANCE_OFFICER),
        olga=join(world, "Olga", Role.COMPLIANCE_OFFICER),
        ann=join(world, "Ann", Role.AUDITOR),
        bob=join(world, "Bob", Role.TEAM_LEAD, world.team),
        dev=join(world, "Dev", Role.DEVELOPER, world.team),
        rob=join(world, "Rob", Role.READ_ONLY, world.team),
    )


def join(world: World, name: str, role: Role, team: Team | None = None, *, device: bool = True) -> Person:
    """One more person in the organisation."""
    with within(world.system.scope):
        user = worlds.new_user(name)
        people.add_member(actor=world.system, user=user, role=role, team=team, now=world.now)
        made = TOTPDevice.objects.create(user=user, name="phone", confirmed=True) if device else None
    return Person(user, role, world.organization.id, team, made)


class Browser(Client):
    """Django's test client, at a host that is served."""

    def __init__(self, **defaults: Any) -> None:
        super().__init__(**{"SERVER_NAME": "localhost", **defaults})
        self.handler._middleware_chain = _middleware()  # type: ignore[attr-defined]


@cache
def _middleware() -> Any:
    """One for all browsers: to find every static file, which happens when it is loaded, takes longer than a request."""
    handler = ClientHandler()
    handler.load_middleware()
    return handler._middleware_chain  # type: ignore[attr-defined]


def browser(person: Person, *, otp: bool = True) -> Browser:
    """A browser in which the person is signed in, with a one-time password just given or without."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.user.pk)
    session[BACKEND_SESSION_KEY] = sign_in.BACKEND
    session[HASH_SESSION_KEY] = person.user.get_session_auth_hash()
    if otp and person.device is not None:
        session[django_otp.DEVICE_ID_SESSION_KEY] = person.device.persistent_id
        session[sign_in._CODE_GIVEN_AT_KEY] = clock.now().timestamp()
    session.create()
    client = Browser()
    client.cookies["sessionid"] = str(session.session_key)
    return client
