"""Seeding: organisations, people with second factors, keys, models in every state, budgets in use."""

from __future__ import annotations

import secrets as random_secrets
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django_otp.plugins.otp_totp.models import TOTPDevice

from governance.models import ApprovalRequest, Model, ProviderKind, Tier
from governance.services import approvals, catalogue
from kit import money
from kit.context import Actor
from kit.data_class import DataClass
from kit.ids import new_id
from kit.scoping import within
from portal.demo.cast import ACME, COMPANIES, Company
from tenants import permissions
from tenants.models import Organization, Period, Project, Team, User
from tenants.services import allotments, api_keys, organizations, people

ROUTE = "assistant"
LOCAL_MODEL = "smollm2-135m-instruct"


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


@dataclass(slots=True)
class _Organization:
    company: Company
    organization: Organization
    system: Actor
    teams: dict[str, Team]
    projects: dict[str, Project]
    actors: dict[str, Actor]


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
            _register(founded, upstream, now)
            _issue_keys(founded, seeded, now)
    return seeded


def _furnish(
    company: Company, organization: Organization, system: Actor, seeded: Seeded, now: datetime
) -> _Organization:
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
    return _Organization(company, organization, system, teams, projects, actors)


def _join(company: Company, person: Any, system: Actor, teams: dict[str, Team], seeded: Seeded, now: datetime) -> Actor:
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


def _register(founded: _Organization, upstream: Upstream, now: datetime) -> None:
    """An approved, a pending and a suspended model, and a route with a fallback."""
    admin = founded.actors["admin"]
    local = catalogue.register_provider(
        actor=admin,
        name="On this machine",
        kind=upstream.kind,
        base_url=upstream.base_url,
        credential=upstream.credential,
        now=now,
    )
    dummy = catalogue.register_provider(actor=admin, name="Built-in dummy", kind=ProviderKind.DUMMY, now=now)
    approved = _model(
        admin, LOCAL_MODEL, "SmolLM2 135M Instruct", "Hugging Face", "v0.2 q4_k_m", Tier.ECONOMY, 2048, 512, now
    )
    echo = _model(admin, "dummy-echo", "Dummy", "Chancery", "1", Tier.ECONOMY, 32_768, 4096, now)
    pending = _model(
        admin, "smollm2-360m-instruct", "SmolLM2 360M Instruct", "Hugging Face", "v0.2", Tier.STANDARD, 8192, 2048, now
    )
    suspended = _model(
        admin, "tinyllama-1.1b-chat", "TinyLlama 1.1B Chat", "TinyLlama", "v1.0", Tier.STANDARD, 2048, 512, now
    )
    real = _deploy(admin, approved, local, upstream.model, founded.company.region, now)
    spare = _deploy(admin, echo, dummy, "dummy", founded.company.region, now)
    _deploy(admin, pending, local, upstream.model, founded.company.region, now)
    _deploy(admin, suspended, local, upstream.model, founded.company.region, now)
    catalogue.create_route(
        actor=admin,
        slug=ROUTE,
        deployments=[real, spare],
        description="The local model; the dummy answers where it does not.",
        now=now,
    )
    for model in (approved, echo, suspended):
        _approve(founded, _ask(admin, model, now), now)
    _ask(admin, pending, now)
    catalogue.suspend(actor=founded.actors[_officers(founded)[0]], subject=suspended, now=now)


def _model(
    actor: Actor,
    slug: str,
    name: str,
    publisher: str,
    version: str,
    tier: Tier,
    window: int,
    output: int,
    now: datetime,
) -> Model:
    return catalogue.register_model(
        actor=actor,
        now=now,
        slug=slug,
        name=name,
        publisher=publisher,
        version=version,
        tier=tier,
        description=f"{name}, for trying the gateway. Small: fluent, often wrong.",
        context_window=window,
        max_output_tokens=output,
    )


def _deploy(actor: Actor, model: Model, provider: Any, upstream_model: str, region: str, now: datetime) -> Any:
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


def _ask(actor: Actor, model: Model, now: datetime) -> ApprovalRequest:
    return approvals.submit(
        actor=actor,
        model=model,
        justification="Assistants for staff; no decisions about people.",
        terms=approvals.Terms(max_data_class=DataClass.CONFIDENTIAL, expires_at=now + timedelta(days=365)),
        now=now,
    )


def _approve(founded: _Organization, request: ApprovalRequest, now: datetime) -> None:
    approvals.approve(
        actor=founded.actors[_officers(founded)[0]],
        request=request,
        reason="Runs on our own machine; evaluated for this use.",
        signed_hash=request.content_hash,
        now=now,
    )


def _officers(founded: _Organization) -> list[str]:
    return [person.key for person in founded.company.people if person.role == "compliance_officer"]


def _issue_keys(founded: _Organization, seeded: Seeded, now: datetime) -> None:
    for team, project in founded.projects.items():
        _, issued = api_keys.issue(actor=founded.system, project=project, name=f"{team} demo", now=now)
        seeded.api_keys.append({"organization": founded.company.slug, "team": team, "key": issued.text})


def first_key(seeded: Seeded) -> str:
    """The key the printed `curl` uses."""
    key: str = next(entry["key"] for entry in seeded.api_keys if entry["organization"] == ACME.slug)
    return key
