"""Fills one organisation with as many rows of each kind as are wanted, for what is said about large registers.

Rows are put in in bulk by the role that tasks use; the database's own rules about them hold, and what is approved is
approved by its services. No two rows stand on the same others where they need not: a page that looks up each row's
own shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connections
from django.db.models import Model as Row

from governance import fingerprints
from governance import models as governance
from governance.services import approvals, suspensions
from governance.services.approvals.content import Terms, enter
from kit import clock, money
from kit.ids import new_id
from kit.scoping import within
from tenants import models as tenants
from tests.support.cast import Cast, join

_BATCH = 1000
_USD = money.NANO


def models(company: Cast, provider: governance.Provider, numbers: range) -> list[governance.Model]:
    """Models with a deployment and a price each."""
    made = [
        governance.Model(
            organization_id=_owner(company),
            slug=f"model-{number:05}",
            name=f"Model {number}",
            publisher=f"Publisher {number % 40}",
            version=f"2026-{number:05}",
            description=f"The model with the number {number}, of a family of {number % 40}.",
            context_window=32_768,
            max_output_tokens=4_096,
            created_at=clock.now(),
            fingerprint=fingerprints.of(f"model-{number:05}", f"Model {number}"),
        )
        for number in numbers
    ]
    deployments = [
        governance.Deployment(
            organization_id=_owner(company), model=model, provider=provider, upstream_model=model.slug, region="eu"
        )
        for model in made
    ]
    yesterday = clock.now() - timedelta(days=1)
    prices = [
        governance.Price(
            organization_id=_owner(company),
            deployment=deployment,
            effective_from=yesterday,
            input_nano_usd_per_million=_USD,
            cached_input_nano_usd_per_million=_USD,
            output_nano_usd_per_million=2 * _USD,
        )
        for deployment in deployments
    ]
    for rows in (made, deployments, prices):
        _put(rows)
    return made


def requests(
    company: Cast, asked_for: list[governance.Model], terms: list[Terms] | None = None
) -> list[governance.ApprovalRequest]:
    """One for each model, asked for over the last weeks, the first model first."""
    asked = []
    with within(company.ada.actor.scope):
        for number, model in enumerate(asked_for):
            at = clock.now() - timedelta(minutes=5 * (len(asked_for) - number))
            request = governance.ApprovalRequest(
                organization_id=model.organization_id,
                model=model,
                requested_by_id=company.ada.user.id,
                requested_at=at,
            )
            enter(request, f"For the letters of department {number % 30}.", terms[number] if terms else Terms())
            asked.append(request)
    _put(asked)
    return asked


def approve(company: Cast, asked: Iterable[governance.ApprovalRequest]) -> None:
    officer = company.alice.actor
    for request in asked:
        with within(officer.scope):
            approvals.approve(
                actor=officer, request=request, reason="fine", signed_hash=request.content_hash, now=clock.now()
            )


def providers(company: Cast, number: int) -> list[governance.Provider]:
    """Each with a third-party file and an agreement."""
    named = [f"Provider {each:05}" for each in range(number)]
    made = [governance.Provider(organization_id=_owner(company), name=name, kind="dummy") for name in named]
    _put(made)
    _put(
        governance.ThirdPartyFile(organization_id=_owner(company), provider=provider, location="Ireland")
        for provider in made
    )
    _put(
        governance.Agreement(
            organization_id=_owner(company), provider=provider, kind="dpa", reference="contracts", signed_on=_today()
        )
        for provider in made
    )
    return made


def teams(company: Cast, number: int) -> list[tenants.Project]:
    """Each with a project, and that with a key, an identity provider, a budget and a rate limit."""
    now, owner = clock.now(), {"organization_id": _owner(company)}
    made = [
        tenants.Team(**owner, name=f"Team {each:05}", slug=f"team-{each:05}", created_at=now) for each in range(number)
    ]
    _put(made)
    projects = [tenants.Project(**owner, team=team, name="App", slug="app", created_at=now) for team in made]
    _put(projects)
    for project in projects:
        within_team = {**owner, "team_id": project.team_id, "project": project}
        _put([tenants.ApiKey(**within_team, name="nightly", prefix=f"chy_{new_id().hex[-12:]}", created_at=now)])
        issuer = f"https://{new_id().hex[-12:]}.example.com"
        _put(
            [
                tenants.IdentityProvider(
                    **within_team, name="directory", issuer=issuer, audience="us", jwks={"keys": []}, created_at=now
                )
            ]
        )
        _put([tenants.Budget(**owner, team_id=project.team_id, project=project, name="month", limit_nano_usd=_USD)])
        _put([tenants.RateLimit(**owner, team_id=project.team_id, project=project, requests_per_minute=60)])
    return projects


def increases(company: Cast) -> list[tenants.BudgetIncrease]:
    """One that waits for each budget."""
    now = clock.now()
    made = [
        tenants.BudgetIncrease(
            organization_id=_owner(company),
            team_id=budget.team_id,
            budget=budget,
            amount_nano_usd=_USD,
            ends_at=now + timedelta(days=7),
            reason="A busy week.",
            asked_by_id=company.ada.user.id,
            asked_at=now,
        )
        for budget in tenants.Budget.across_tenants.using("system").filter(organization_id=_owner(company))
    ]
    _put(made)
    return made


def use_cases(company: Cast, projects: Iterable[tenants.Project]) -> list[governance.UseCase]:
    made = [
        governance.UseCase(
            organization_id=_owner(company),
            team_id=project.team_id,
            slug=f"letters-{number:05}",
            name=f"Letters {number}",
            purpose="Drafts letters that a clerk reads.",
            ai_act_class="minimal",
            owner=company.bob.user,
        )
        for number, project in enumerate(projects)
    ]
    _put(made)
    return made


def evidence(company: Cast, about: Iterable[governance.Model]) -> list[governance.Evidence]:
    """A result for each model, that expires within the month."""
    now = clock.now()
    made = [
        governance.Evidence(
            organization_id=_owner(company),
            model=model,
            kind="evaluation",
            title=f"Evaluation of {model.slug}",
            metric="accuracy",
            passed=True,
            sha256="0" * 64,
            expires_at=now + timedelta(days=20),
            added_by=company.ada.user,
            added_at=now,
        )
        for model in about
    ]
    with within(company.ada.actor.scope):
        governance.Evidence.objects.bulk_create(made)
    return made


def attach(asked: Iterable[governance.ApprovalRequest], evidence: Iterable[governance.Evidence]) -> None:
    """A piece of evidence to each request."""
    _put(
        governance.RequestEvidence(organization_id=request.organization_id, request=request, revision=1, evidence=row)
        for request, row in zip(asked, evidence, strict=True)
    )


def other_systems(company: Cast, number: int) -> None:
    _put(
        governance.OtherSystem(
            organization_id=_owner(company),
            name=f"Assistant {each:05}",
            vendor=f"Vendor {each % 40}",
            purpose="Writes minutes.",
            owner=company.bob.user,
            ai_act_class="limited",
            fingerprint=fingerprints.of(f"Assistant {each:05}", "Somebody"),
        )
        for each in range(number)
    )


def routes(company: Cast, over: Iterable[governance.Model]) -> None:
    """One to the deployment of each model."""
    for model in over:
        found = governance.Deployment.across_tenants.using("system").get(model_id=model.id)
        route = governance.Route(organization_id=_owner(company), slug=f"route-{model.slug}")
        _put([route])
        _put([governance.RouteCandidate(organization_id=_owner(company), route=route, deployment_id=found.id)])


def notices(company: Cast, about: Iterable[governance.ApprovalRequest]) -> None:
    """One for Alice about each request."""
    with connections["system"].cursor() as cursor:
        for request in about:
            cursor.execute(
                "SELECT governance_tell(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    _owner(company),
                    [company.alice.user.id],
                    "review_wanted",
                    "approval_request",
                    request.id,
                    clock.now(),
                    None,
                    ["compliance_officer"],
                    [],
                ],
            )


def people(company: Cast, number: int) -> None:
    for each in range(number):
        join(company.world, f"Person{each}", tenants.Role.READ_ONLY, company.world.team, device=False)


def suspend(company: Cast, stopped: Iterable[governance.Model]) -> None:
    officer = company.alice.actor
    for model in stopped:
        with within(officer.scope):
            suspensions.suspend(actor=officer, subject=model, reason="drift", now=clock.now())
            suspensions.resume(actor=officer, subject=model, reason="looked into", now=clock.now())


def _put(rows: Iterable[Row]) -> None:
    listed = list(rows)
    for first in range(0, len(listed), _BATCH):
        batch: list[Any] = listed[first : first + _BATCH]
        type(batch[0]).across_tenants.using("system").bulk_create(batch)
    for row in listed:
        row._state.db = "default"  # others may refer to it


def _owner(company: Cast) -> Any:
    return company.world.organization.id


def _today() -> Any:
    return clock.now().date()
