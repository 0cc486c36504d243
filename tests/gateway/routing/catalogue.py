"""Entries of a snapshot as routing sees them, made without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from audit.pricing.schedule import flat
from gateway.routing.candidates import Candidate
from gateway.snapshot.index import Snapshot
from governance.snapshot.section import (
    ApprovalEntry,
    BreakGlassEntry,
    DeploymentEntry,
    ModelEntry,
    PriceEntry,
    ProviderEntry,
    RouteEntry,
    UseCaseEntry,
    WaiverEntry,
)
from kit.data_class import DataClass
from kit.ids import new_id
from tenants.snapshot import CredentialEntry, OrganizationEntry

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TEAM, OTHER_TEAM = new_id(), new_id()
ORGANIZATION = OrganizationEntry(new_id(), "acme", "eu", "UTC", frozenset(), False)
LETTERS = UseCaseEntry(new_id(), ORGANIZATION.id, None, "letters")
OTHER_ORGANIZATION = OrganizationEntry(new_id(), "globex", "eu", "UTC", frozenset(), False)


def a_model(slug: str = "helper", **changed: Any) -> ModelEntry:
    model = ModelEntry(new_id(), ORGANIZATION.id, slug, "1", "standard", 8192, 1024, NOW, "Somebody", False)
    return replace(model, **changed)


def a_provider(**changed: Any) -> ProviderEntry:
    provider = ProviderEntry(new_id(), ORGANIZATION.id, "provider", "dummy", "http://127.0.0.1/v1", "", False)
    return replace(provider, **changed)


def a_price(*, effective_from: datetime = NOW - timedelta(days=1), **rates: int) -> PriceEntry:
    usual = {"input": 1_000_000_000, "cached_input": 500_000_000, "output": 4_000_000_000, "request": 7}
    return PriceEntry(new_id(), effective_from, flat(**{**usual, **rates}))


def a_deployment(model: ModelEntry, provider: ProviderEntry, **changed: Any) -> DeploymentEntry:
    prices = (a_price(),)
    made = DeploymentEntry(new_id(), ORGANIZATION.id, model.id, provider.id, "upstream", "eu", 0, False, prices)
    return replace(made, **changed)


def a_candidate(
    model: ModelEntry | None = None,
    *,
    price: PriceEntry | None = None,
    approval: ApprovalEntry | None = None,
    provider: ProviderEntry | None = None,
    **deployment: Any,
) -> Candidate:
    model, provider = model or a_model(), provider or a_provider()
    made = a_deployment(model, provider, **deployment)
    return Candidate(made, provider, model, price or made.price_at(NOW), approval)


def an_approval(model: ModelEntry, **changed: Any) -> ApprovalEntry:
    none: frozenset[Any] = frozenset()
    bound = (none, none, none, none, none, DataClass.CONFIDENTIAL)
    until = (NOW - timedelta(days=1), None, NOW + timedelta(days=365))
    made = ApprovalEntry(new_id(), ORGANIZATION.id, model.id, *bound, *until, False)
    return replace(made, **changed)


def broken_glass(model: ModelEntry, **changed: Any) -> BreakGlassEntry:
    ends_at = NOW + timedelta(hours=4)
    made = BreakGlassEntry(new_id(), ORGANIZATION.id, model.id, None, DataClass.INTERNAL, ends_at)
    return replace(made, **changed)


def a_waiver(approval: ApprovalEntry, condition: str, **changed: Any) -> WaiverEntry:
    """Of a condition of the approval for letters, until in a month."""
    ends_at = NOW + timedelta(days=30)
    made = WaiverEntry(new_id(), ORGANIZATION.id, approval.id, LETTERS.id, condition, None, ends_at)
    return replace(made, **changed)


def a_credential(team_id: UUID = TEAM) -> CredentialEntry:
    none: frozenset[str] = frozenset()
    return CredentialEntry(new_id(), ORGANIZATION.id, team_id, new_id(), none, (), DataClass.RESTRICTED, False)


def a_route(slug: str, *deployments: DeploymentEntry, team_id: UUID | None = None) -> RouteEntry:
    return RouteEntry(new_id(), ORGANIZATION.id, team_id, slug, tuple(one.id for one in deployments))


def snapshot_of(*entries: Any) -> Snapshot:
    snapshot = Snapshot()
    tables: dict[type, Any] = {
        ModelEntry: snapshot.models,
        ProviderEntry: snapshot.providers,
        DeploymentEntry: snapshot.deployments,
        RouteEntry: snapshot.routes,
        ApprovalEntry: snapshot.approvals,
        BreakGlassEntry: snapshot.break_glasses,
        WaiverEntry: snapshot.waivers,
    }
    for entry in entries:
        tables[type(entry)].put(entry.id, entry)
    return snapshot
