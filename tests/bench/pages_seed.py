"""Fills one organisation's register for `tests.bench.pages`. A program of its own, run with the portal's environment:
takes how many models, prints a `Seeded` as JSON.

All models have a deployment, a price and a request. One in ten is approved; the others wait for a decision, so that the
inbox is as full as the register. Rows are put in in bulk by the role that tasks use; the database's own rules about
them hold, and what is approved is approved by its services.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import timedelta

from governance import fingerprints
from governance.models import ApprovalRequest, Deployment, Model, Price, Provider
from governance.services import approvals
from governance.services.approvals.content import Terms, enter
from kit import clock
from kit.scoping import within
from tests.support import cast
from tests.support.cast import Cast, Person

_BATCH = 1000
_APPROVED = 10


@dataclass(frozen=True, slots=True)
class Seeded:
    """`sessions` are cookies of signed-in people by name; `model` and `request` are some in the middle."""

    sessions: dict[str, str]
    model: str
    request: str


def seed(number: int) -> Seeded:
    company = cast.assemble()
    provider = company.world.provider()
    models: list[Model] = []
    requests: list[ApprovalRequest] = []
    for first in range(0, number, _BATCH):
        batch = range(first, min(first + _BATCH, number))
        made = _models(company, provider, batch)
        requests += _requests(company, made)
        models += made
    _approve(company, requests[::_APPROVED])
    middle = requests[number // 2 + 1]
    people = {"officer": company.alice, "administrator": company.ada, "team lead": company.bob}
    sessions = {name: _cookie(person) for name, person in people.items()}
    return Seeded(sessions, str(middle.model_id), str(middle.id))


def _models(company: Cast, provider: Provider, batch: range) -> list[Model]:
    organization = {"organization_id": company.world.organization.id}
    models = [
        Model(
            **organization,
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
        for number in batch
    ]
    deployments = [
        Deployment(**organization, model=model, provider=provider, upstream_model=model.slug, region="eu")
        for model in models
    ]
    yesterday = clock.now() - timedelta(days=1)
    prices = [
        Price(
            **organization,
            deployment=deployment,
            effective_from=yesterday,
            input_nano_usd_per_million=1_000_000_000,
            cached_input_nano_usd_per_million=1_000_000_000,
            output_nano_usd_per_million=2_000_000_000,
        )
        for deployment in deployments
    ]
    Model.across_tenants.using("system").bulk_create(models)
    Deployment.across_tenants.using("system").bulk_create(deployments)
    Price.across_tenants.using("system").bulk_create(prices)
    return models


def _requests(company: Cast, models: list[Model]) -> list[ApprovalRequest]:
    """Asked for over the last weeks, the first model first."""
    asked = []
    with within(company.ada.actor.scope):
        for number, model in enumerate(models):
            at = clock.now() - timedelta(minutes=5 * (len(models) - number))
            request = ApprovalRequest(
                organization_id=model.organization_id,
                model=model,
                requested_by_id=company.ada.user.id,
                requested_at=at,
            )
            enter(request, f"For the letters of department {number % 30}.", Terms())
            asked.append(request)
    ApprovalRequest.across_tenants.using("system").bulk_create(asked)
    return asked


def _approve(company: Cast, requests: list[ApprovalRequest]) -> None:
    officer = company.alice.actor
    for request in requests:
        with within(officer.scope):
            approvals.approve(
                actor=officer, request=request, reason="fine", signed_hash=request.content_hash, now=clock.now()
            )


def _cookie(person: Person) -> str:
    return cast.browser(person).cookies["sessionid"].value


def main() -> None:
    json.dump(asdict(seed(int(sys.argv[1]))), sys.stdout)
