"""From the name a caller sent to the deployments that could answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from audit.pricing.quantities import Component
from audit.pricing.schedule import STANDARD, Schedule
from gateway.snapshot.index import Snapshot
from governance.snapshot.section import (
    ApprovalEntry,
    BreakGlassEntry,
    DeploymentEntry,
    ModelEntry,
    PriceEntry,
    ProviderEntry,
    RouteEntry,
    WaiverEntry,
)
from kit import errors
from tenants.snapshot import OrganizationEntry


@dataclass(frozen=True, slots=True)
class Candidate:
    """A deployment that could answer, with all that deciding and calling needs, and what permits the call."""

    deployment: DeploymentEntry
    provider: ProviderEntry
    model: ModelEntry
    price: PriceEntry | None
    approval: ApprovalEntry | BreakGlassEntry | None = None
    waiver: WaiverEntry | None = None

    @property
    def is_suspended(self) -> bool:
        return self.deployment.is_suspended or self.provider.is_suspended or self.model.is_suspended

    def rates(self) -> Schedule:
        """The price in force. Raises `errors.Unavailable` where there is none: no price, no call."""
        if self.price is None:
            raise errors.Unavailable(
                f"Model {self.model.slug} has no price in force at one of its deployments.", code="price_missing"
            )
        return self.price.schedule


def resolve(
    snapshot: Snapshot, organization: OrganizationEntry, name: str, team_id: object, at: datetime
) -> tuple[Candidate, ...]:
    """The candidates a route or model name stands for, in the order they are to be tried.

    Raises `errors.NotFound`, alike for what does not exist and for what belongs to somebody else.
    """
    key = (organization.id, name)
    route = snapshot.routes.one(key)
    if route is not None and route.team_id in (None, team_id):
        return candidates_of_route(snapshot, route, at)
    model = snapshot.models.one(key)
    if model is None:
        raise unknown_model()
    return candidates_of_model(snapshot, model, at)


def of_tier(snapshot: Snapshot, organization: OrganizationEntry, tier: str, at: datetime) -> tuple[Candidate, ...]:
    """The candidates of every model of a tier, for a caller who names none: the cheapest first.

    What has no price cannot be compared and is left out. Raises `errors.NotFound`.
    """
    models = (model for model in snapshot.models.all(organization.id) if model.tier == tier)
    found = [candidate for model in models for candidate in candidates_of_model(snapshot, model, at) if candidate.price]
    if not found:
        raise errors.NotFound(
            "No model of this tier is available to you.", code="model_not_found", param="tier_preference"
        )
    return tuple(sorted(found, key=_cheapest))


def _cheapest(candidate: Candidate) -> tuple[int, int, str, int]:
    """Output weighs most in what a call costs."""
    standard = candidate.rates().band(STANDARD, 0)
    return (
        standard.rate(Component.OUTPUT),
        standard.rate(Component.INPUT),
        candidate.model.slug,
        candidate.deployment.position,
    )


def unknown_model() -> errors.NotFound:
    return errors.NotFound("No model or route of this name is available to you.", code="model_not_found", param="model")


def candidates_of_model(snapshot: Snapshot, model: ModelEntry, at: datetime) -> tuple[Candidate, ...]:
    return _candidates(snapshot, snapshot.deployments.all(model.id), at)


def candidates_of_route(snapshot: Snapshot, route: RouteEntry, at: datetime) -> tuple[Candidate, ...]:
    found = (snapshot.deployments.get(identifier) for identifier in route.deployment_ids)
    return _candidates(snapshot, (deployment for deployment in found if deployment), at)


def _candidates(snapshot: Snapshot, deployments: Iterable[DeploymentEntry], at: datetime) -> tuple[Candidate, ...]:
    found = []
    for deployment in deployments:
        provider = snapshot.providers.get(deployment.provider_id)
        model = snapshot.models.get(deployment.model_id)
        if provider and model:
            found.append(Candidate(deployment, provider, model, deployment.price_at(at)))
    return tuple(found)
