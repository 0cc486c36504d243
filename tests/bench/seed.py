"""Seeds one database for the benchmark through the product's own services.

A program of its own, run with the environment of the gateway that will use the database (see `targets.chancery`):
reads an `Order` as JSON from standard input, prints a `Seeded`. Everything is on and nothing binds: a budget and rate
limits at every level, and an approval, asked for by one person and granted by another, for each of the two models.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from governance.models import ApprovalRequest, Model, ProviderKind, Tier
from governance.services import approvals, catalogue
from kit import clock, money, secrets
from kit.context import Actor
from kit.data_class import DataClass
from kit.ids import new_id
from kit.scoping import within
from tenants import permissions
from tenants.models import ApiKey, ApiKeySecret, Budget, Project, RateLimit, Role, User
from tenants.peppers import peppers
from tenants.services import allotments, organizations, people
from tests.bench import traffic

_BUDGET = money.from_usd(1_000_000)
_LIMITS = organizations.Limits(requests_per_minute=1_000_000_000, tokens_per_minute=2_000_000_000, concurrency=100_000)
_BATCH = 2000
# So many callers at once are enough: more would measure the load generator's memory.
_MOST_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """How many keys, how many organisations there are in all, of which one makes the calls, and where the upstream's
    two servers listen: one model is deployed at each."""

    keys: int
    organizations: int
    plain_port: int
    stream_port: int


@dataclass(frozen=True, slots=True)
class Seeded:
    """Bearer tokens to call with, drawn evenly from all keys, and whom the calls belong to."""

    tokens: Sequence[str]
    organization_id: str
    team_id: str
    project_id: str
    api_key_id: str


def seed(order: Order, now: datetime) -> Seeded:
    defaults = organizations.Defaults(monthly_budget_nano_usd=_BUDGET, limits=_LIMITS)
    organization = organizations.found(name="Bench", slug="bench", region="eu", now=now, defaults=defaults, limits={})
    for number in range(1, order.organizations):
        _bystander(number, defaults, now)
    system = Actor("system", new_id(), organization.id)
    with within(system.scope):
        allotments.add_budget(actor=system, name="Bench monthly", limit_nano_usd=_BUDGET, now=now)
        allotments.set_limits(actor=system, limits=_LIMITS, now=now)
        team = organizations.create_team(actor=system, name="Bench", slug="bench", now=now)
        project = organizations.create_project(actor=system, team=team, name="Bench", slug="bench", now=now)
        requester, decider = (_person(name, system, now) for name in ("requester", "decider"))
        keys, tokens = _issue(project, order.keys, now)
    for slug, port in ((traffic.MODEL, order.plain_port), (traffic.STREAM_MODEL, order.stream_port)):
        with within(requester.scope):
            request = _ask(_deployed(slug, port, requester, now), requester, now)
        with within(decider.scope):
            approvals.approve(
                actor=decider, request=request, reason="Benchmark.", signed_hash=request.content_hash, now=now
            )
    return Seeded(
        tokens=tokens[:: max(1, len(tokens) // _MOST_TOKENS)],
        organization_id=str(organization.id),
        team_id=str(team.id),
        project_id=str(project.id),
        api_key_id=str(keys[0].id),
    )


def _bystander(number: int, defaults: organizations.Defaults, now: datetime) -> None:
    """An organisation with a team, a project and a key of its own, which makes no calls."""
    found = organizations.found(
        name=f"B{number}", slug=f"b{number}", region="eu", now=now, defaults=defaults, limits={}
    )
    system = Actor("system", new_id(), found.id)
    with within(system.scope):
        team = organizations.create_team(actor=system, name="Bench", slug="bench", now=now)
        _issue(organizations.create_project(actor=system, team=team, name="Bench", slug="bench", now=now), 1, now)


def _person(name: str, system: Actor, now: datetime) -> Actor:
    user = User.objects.create_user(f"{name}@bench.example", None, name=name)
    people.add_member(actor=system, user=user, role=Role.COMPLIANCE_OFFICER, now=now)
    acts = permissions.acts_of([Role.COMPLIANCE_OFFICER])
    return Actor("user", user.id, system.organization_id, acts=acts, otp_verified=True)


def _deployed(slug: str, port: int, actor: Actor, now: datetime) -> Model:
    provider = catalogue.register_provider(
        actor=actor,
        name=slug,
        kind=ProviderKind.OPENAI_COMPATIBLE,
        base_url=f"http://127.0.0.1:{port}/v1",
        credential="sk-upstream",
        now=now,
    )
    model = catalogue.register_model(
        actor=actor,
        now=now,
        slug=slug,
        name=slug,
        publisher="Bench",
        version="1",
        tier=Tier.STANDARD,
        context_window=128_000,
        max_output_tokens=16_384,
    )
    deployment = catalogue.register_deployment(
        actor=actor, model=model, provider=provider, upstream_model=traffic.MODEL, region="eu", now=now
    )
    rates = catalogue.Rates(input=money.from_usd("0.15"), output=money.from_usd("0.60"))
    catalogue.set_price(
        actor=actor, deployment=deployment, rates=rates, effective_from=now - timedelta(days=30), now=now
    )
    return model


def _ask(model: Model, actor: Actor, now: datetime) -> ApprovalRequest:
    terms = approvals.Terms(max_data_class=DataClass.CONFIDENTIAL, expires_at=now + timedelta(days=30))
    return approvals.submit(actor=actor, model=model, justification="Benchmark.", terms=terms, now=now)


def _issue(project: Project, count: int, now: datetime) -> tuple[list[ApiKey], list[str]]:
    """Keys with a budget and limits of their own, as the services write them, but thousands at a time."""
    issued = [secrets.issue("chy", peppers()) for _ in range(count)]
    owner: dict[str, Any] = {"organization_id": project.organization_id, "team_id": project.team_id, "project": project}
    keys = [ApiKey(**owner, name=secret.prefix, prefix=secret.prefix, created_at=now) for secret in issued]
    ApiKey.objects.bulk_create(keys, batch_size=_BATCH)
    pairs = list(zip(keys, issued, strict=True))
    ApiKeySecret.objects.bulk_create(
        (
            ApiKeySecret(
                organization_id=project.organization_id,
                api_key=key,
                digest=secret.digest,
                pepper_number=secret.pepper_number,
                created_at=now,
            )
            for key, secret in pairs
        ),
        batch_size=_BATCH,
    )
    Budget.objects.bulk_create(
        (Budget(**owner, api_key=key, name=key.name, limit_nano_usd=_BUDGET, created_at=now) for key in keys),
        batch_size=_BATCH,
    )
    RateLimit.objects.bulk_create(
        (RateLimit(**owner, api_key=key, created_at=now, **asdict(_LIMITS)) for key in keys),
        batch_size=_BATCH,
    )
    return keys, [secret.text for secret in issued]


def main() -> None:
    sys.stdout.write(json.dumps(asdict(seed(Order(**json.load(sys.stdin)), clock.now()))))
