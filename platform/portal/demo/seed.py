"""Seeding: organisations, people with second factors, keys, models in every state, budgets in use."""

from __future__ import annotations

import secrets as random_secrets
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django_otp.plugins.otp_totp.models import TOTPDevice

from governance.models import Deployment, Model, Provider, ProviderKind
from governance.services import approvals, catalogue, suspensions
from kit import clock, money
from kit.context import Actor
from kit.data_class import DataClass
from kit.ids import new_id
from kit.scoping import within
from portal.demo.cast import (
    COMPANIES,
    DECIDER,
    DUMMY_MODEL,
    ENDING_MODEL,
    LOCAL_MODEL,
    LOCAL_PROVIDER,
    PENDING_MODEL,
    REGISTER,
    ROUTE,
    SUSPENDED_MODEL,
    Company,
    Described,
    Person,
)
from tenants import permissions
from tenants.models import Organization, Period, Project, Team, User
from tenants.services import allotments, api_keys, organizations, people

_LONG_AGO = timedelta(days=290)  # an approval of then is to be recertified soon


@dataclass(frozen=True, slots=True)
class Upstream:
    """The OpenAI-compatible server that really answers: the local model, or the dummy where it cannot run."""

    kind: str
    base_url: str
    credential: str
    model: str


@dataclass(slots=True)
class Seeded:
    """What scripts need to know; secrets in it exist nowhere else."""

    users: list[dict[str, Any]] = field(default_factory=list)
    api_keys: list[dict[str, Any]] = field(default_factory=list)
    organizations: list[Founded] = field(default_factory=list)


@dataclass(slots=True)
class Founded:
    company: Company
    organization: Organization
    system: Actor
    teams: dict[str, Team]
    projects: dict[str, Project]
    actors: dict[str, Actor]

    @property
    def officers(self) -> list[Actor]:
        return [self.actors[person.key] for person in self.company.people if person.role == DECIDER]


def seed(upstream: Upstream, now: datetime) -> Seeded:
    """Everything, in one organisation after the other."""
    seeded = Seeded()
    for company in COMPANIES:
        organization = organizations.found(
            name=company.name,
            slug=company.slug,
            region=company.region,
            time_zone=company.time_zone,
            now=now,
            defaults=organizations.Defaults(
                monthly_budget_nano_usd=money.from_usd(50),
                limits=organizations.Limits(600, 600_000, 32),
            ),
        )
        system = Actor("system", new_id(), organization.id)
        with within(system.scope):
            founded = _furnish(company, organization, system, seeded, now)
            _issue_keys(founded, seeded, now)
        _register(founded, upstream, now)
        seeded.organizations.append(founded)
    return seeded


def repoint(organization_id: UUID, upstream: Upstream) -> None:
    """Follows the local model to another address, which it may get at a later start."""
    system = Actor("system", new_id(), organization_id)
    with within(system.scope):
        provider = Provider.objects.get(name=LOCAL_PROVIDER)
        catalogue.move_provider(
            actor=system,
            provider=provider,
            kind=upstream.kind,
            base_url=upstream.base_url,
            credential=upstream.credential,
            now=clock.now(),
        )


def _furnish(company: Company, organization: Organization, system: Actor, seeded: Seeded, now: datetime) -> Founded:
    teams = {
        slug: organizations.create_team(actor=system, name=slug.capitalize(), slug=slug, now=now)
        for slug in company.teams
    }
    projects = {
        slug: organizations.create_project(actor=system, team=team, name="Assistant", slug="assistant", now=now)
        for slug, team in teams.items()
    }
    allotments.add_budget(
        actor=system,
        name=f"{company.name} monthly",
        limit_nano_usd=money.from_usd(200),
        period=Period.MONTH,
        now=now,
    )
    actors = {person.key: _join(company, person, system, teams, seeded, now) for person in company.people}
    return Founded(company, organization, system, teams, projects, actors)


def _join(
    company: Company, person: Person, system: Actor, teams: dict[str, Team], seeded: Seeded, now: datetime
) -> Actor:
    password = random_secrets.token_urlsafe(12)
    user = User.objects.create_user(person.email(company.domain), password, name=person.name)
    team = teams[person.team] if person.team else None
    people.add_member(actor=system, user=user, role=person.role, team=team, now=now)
    key = random_secrets.token_bytes(20)
    TOTPDevice.objects.create(user=user, name="demo", key=key.hex(), confirmed=True)
    _, token = people.issue_access_token(actor=system, user=user, name="demo", now=now)
    seeded.users.append(
        {
            "organization": company.slug,
            "email": user.email,
            "role": person.role.value,
            "team": person.team,
            "password": password,
            "totp_secret": b32encode(key).decode(),
            "personal_access_token": token.text,
        }
    )
    return Actor(
        "user",
        user.id,
        system.organization_id,
        acts=permissions.acts_of([person.role]),
        team_ids=frozenset({team.id}) if team else None,
        otp_verified=True,
    )


def _register(founded: Founded, upstream: Upstream, now: datetime) -> None:
    """Models that are approved, one that nobody has asked for yet, one suspended, and a route with a fallback."""
    admin = founded.actors["admin"]
    with within(admin.scope):
        local = catalogue.register_provider(
            actor=admin,
            name=LOCAL_PROVIDER,
            kind=upstream.kind,
            base_url=upstream.base_url,
            credential=upstream.credential,
            now=now,
        )
        dummy = catalogue.register_provider(actor=admin, name="Built-in dummy", kind=ProviderKind.DUMMY, now=now)
        models = {described.slug: _model(admin, described, now) for described in REGISTER}
        region = founded.company.region
        real = _deploy(admin, models[LOCAL_MODEL], local, upstream.model, region, now)
        spare = _deploy(admin, models[DUMMY_MODEL], dummy, "dummy", region, now)
        for slug in (PENDING_MODEL, SUSPENDED_MODEL, ENDING_MODEL):
            _deploy(admin, models[slug], local, upstream.model, region, now)
        catalogue.create_route(
            actor=admin,
            slug=ROUTE,
            deployments=[real, spare],
            description="The local model; the dummy answers where it does not.",
            now=now,
        )
    officer = founded.officers[0]
    for slug in (LOCAL_MODEL, SUSPENDED_MODEL, ENDING_MODEL):
        _permit(founded, models[slug], now)
    _permit(founded, models[DUMMY_MODEL], now - _LONG_AGO)
    with within(officer.scope):
        suspensions.suspend(
            actor=officer, subject=models[SUSPENDED_MODEL], reason="Its licence is being looked at.", now=now
        )


def _model(actor: Actor, described: Described, now: datetime) -> Model:
    return catalogue.register_model(
        actor=actor,
        now=now,
        slug=described.slug,
        name=described.name,
        publisher=described.publisher,
        version=described.version,
        tier=described.tier,
        description=f"{described.name}, for trying the gateway. Small: fluent, often wrong.",
        context_window=described.context_window,
        max_output_tokens=described.max_output_tokens,
    )


def _deploy(
    actor: Actor, model: Model, provider: Provider, upstream_model: str, region: str, now: datetime
) -> Deployment:
    deployment = catalogue.register_deployment(
        actor=actor, model=model, provider=provider, upstream_model=upstream_model, region=region, now=now
    )
    catalogue.set_price(
        actor=actor,
        deployment=deployment,
        rates=catalogue.Rates(input=money.from_usd("0.05"), output=money.from_usd("0.20")),
        effective_from=now - timedelta(days=60),
        now=now,
    )
    return deployment


def _permit(founded: Founded, model: Model, at: datetime) -> None:
    admin, officer = founded.actors["admin"], founded.officers[0]
    with within(admin.scope):
        request = approvals.submit(
            actor=admin,
            model=model,
            justification="Assistants for staff; no decisions about people.",
            terms=approvals.Terms(max_data_class=DataClass.CONFIDENTIAL, expires_at=at + timedelta(days=730)),
            now=at,
        )
    with within(officer.scope):
        approvals.approve(
            actor=officer,
            request=request,
            reason="Runs on our own machine; evaluated for this use.",
            signed_hash=request.content_hash,
            now=at,
        )


def _issue_keys(founded: Founded, seeded: Seeded, now: datetime) -> None:
    for team, project in founded.projects.items():
        _, issued = api_keys.issue(actor=founded.system, project=project, name=f"{team} demo", now=now)
        seeded.api_keys.append({"organization": founded.company.slug, "team": team, "key": issued.text})
