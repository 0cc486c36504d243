"""A small organisation of its own for each test: people, a team, a key, an approved model. Nothing is shared."""

from __future__ import annotations

import secrets as random_secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from governance.models import Approval, Deployment, Model, Provider, ProviderKind
from governance.services import approvals, catalogue
from kit import clock, money
from kit.context import Actor
from kit.data_class import DataClass
from kit.ids import new_id
from kit.scoping import within
from tenants import permissions
from tenants.models import ApiKey, Organization, Project, Role, Team, User
from tenants.services import api_keys, organizations, people

PASSWORD = "correct horse battery staple"
RATES = catalogue.Rates(input=money.from_usd(1), output=money.from_usd(2))  # 1,000 and 2,000 nano-USD a token


class QuickHasher(PBKDF2PasswordHasher):
    """Django's own with one round: a million of them for every password would take most of the tests' time."""

    iterations = 1


@cache
def _hash() -> str:
    return QuickHasher().encode(PASSWORD, "salt")


def new_user(name: str) -> User:
    """Somebody new, of no organisation yet. Call it within a scope."""
    user = User(email=f"{name.lower()}.{new_id().hex[-12:]}@example.com", name=name, password=_hash())
    user.save(force_insert=True)
    return user


@dataclass(slots=True)
class World:
    """One organisation. `system` may do everything in it; people are made when asked for."""

    organization: Organization
    system: Actor
    team: Team
    project: Project
    key: ApiKey
    key_text: str
    now: datetime
    models: dict[str, Model] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key_text}"}

    def person(self, name: str, role: Role, team: Team | None = None, *, otp: bool = True) -> Actor:
        """The actor of somebody with this role, joining at first mention."""
        with within(self.system.scope):
            user = self.people.get(name)
            if user is None:
                user = new_user(name.title())
                people.add_member(actor=self.system, user=user, role=role, team=team, now=self.now)
                self.people[name] = user
        return Actor(
            "user",
            user.id,
            self.organization.id,
            acts=permissions.acts_of([role]),
            team_ids=frozenset({team.id}) if team else None,
            otp_verified=otp,
        )

    @property
    def admin(self) -> Actor:
        return self.person("ada", Role.ADMINISTRATOR)

    @property
    def officer(self) -> Actor:
        return self.person("olivia", Role.COMPLIANCE_OFFICER)

    def new_key(self, project: Project | None = None, **terms: Any) -> tuple[ApiKey, str]:
        with within(self.system.scope):
            key, issued = api_keys.issue(
                actor=self.system,
                project=project or self.project,
                name="another",
                now=self.now,
                terms=api_keys.Terms(**terms),
            )
        return key, issued.text

    def new_team(self, name: str) -> tuple[Team, Project]:
        with within(self.system.scope):
            team = organizations.create_team(actor=self.system, name=name, slug=name, now=self.now)
            project = organizations.create_project(actor=self.system, team=team, name="app", slug="app", now=self.now)
        return team, project

    def provider(self, base_url: str = "", kind: str = ProviderKind.OPENAI_COMPATIBLE) -> Provider:
        admin = self.admin
        with within(admin.scope):
            return catalogue.register_provider(
                actor=admin,
                name=f"provider {new_id().hex[-6:]}",
                kind=kind if base_url else ProviderKind.DUMMY,
                base_url=base_url,
                credential="upstream-secret",
                now=self.now,
            )

    def model(self, slug: str, *, approved: bool = True, **fields: Any) -> Model:
        """A registered model without deployments; with an approval unless told otherwise."""
        described = {
            "name": slug,
            "publisher": "Somebody",
            "version": "1",
            "context_window": 32_768,
            "max_output_tokens": 4_096,
            **fields,
        }
        admin = self.admin
        with within(admin.scope):
            model = catalogue.register_model(actor=admin, now=self.now, slug=slug, **described)
        self.models[slug] = model
        if approved:
            self.approve(model)
        return model

    def approve(self, model: Model, **terms: Any) -> Approval:
        asked = approvals.Terms(**{"max_data_class": DataClass.CONFIDENTIAL, **terms})
        admin, officer = self.admin, self.officer
        with within(admin.scope):
            request = approvals.submit(actor=admin, model=model, justification="for tests", terms=asked, now=self.now)
        with within(officer.scope):
            granted = approvals.approve(
                actor=officer,
                request=request,
                reason="fine",
                signed_hash=request.content_hash,
                now=self.now,
                waiver="for tests",
            )
        assert granted is not None, "one officer's approval is not enough for this tier"
        return granted

    def deploy(
        self,
        model: Model,
        provider: Provider,
        *,
        upstream_model: str = "dummy",
        region: str = "eu",
        rates: catalogue.Rates | None = RATES,
        position: int = 0,
    ) -> Deployment:
        admin = self.admin
        with within(admin.scope):
            deployment = catalogue.register_deployment(
                actor=admin,
                model=model,
                provider=provider,
                upstream_model=upstream_model,
                region=region,
                position=position,
                now=self.now,
            )
            if rates is not None:
                catalogue.set_price(
                    actor=admin,
                    deployment=deployment,
                    rates=rates,
                    effective_from=self.now - timedelta(days=1),
                    now=self.now,
                )
        return deployment

    def serve(self, slug: str, base_url: str = "", **deployment: Any) -> Model:
        """An approved model with one deployment."""
        model = self.model(slug)
        self.deploy(model, self.provider(base_url), **deployment)
        return model


def build(*, defaults: organizations.Defaults | None = None, region: str = "eu") -> World:
    """A new organisation with a team, a project and a key, and no limits unless given."""
    now = clock.now()
    slug = f"org-{random_secrets.token_hex(6)}"
    organization = organizations.found(
        name=slug, slug=slug, region=region, now=now, defaults=defaults or organizations.Defaults(), limits={}
    )
    system = Actor("system", new_id(), organization.id)
    with within(system.scope):
        team = organizations.create_team(actor=system, name="Payments", slug="payments", now=now)
        project = organizations.create_project(actor=system, team=team, name="App", slug="app", now=now)
        key, issued = api_keys.issue(actor=system, project=project, name="test", now=now)
    return World(organization, system, team, project, key, issued.text, now)


def without_second_factor(actor: Actor) -> Actor:
    return replace(actor, otp_verified=False)


def unknown_id() -> UUID:
    return new_id()
