"""The tenants' section of the gateway's snapshot: who calls, and within what limits.

Each loader reads rows through an unscoped manager on the gateway's own connection and yields frozen
entries; with `ids` only those objects, and an object that is gone yields nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal
from uuid import UUID

from django.db.models import Model, Prefetch

from kit.data_class import DataClass
from tenants.models import ApiKey, ApiKeySecret, Budget, IdentityProvider, Organization, RateLimit

GATEWAY = "gateway"
Level = Literal["key", "project", "team", "organization"]


@dataclass(frozen=True, slots=True)
class OrganizationEntry:
    id: UUID
    slug: str
    region: str
    time_zone: str
    cors_origins: frozenset[str]
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class SecretEntry:
    id: UUID
    digest: bytes
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class CredentialEntry:
    """What an API key and an identity provider have in common: whom they act for, and how far."""

    id: UUID
    organization_id: UUID
    team_id: UUID
    project_id: UUID
    scopes: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]
    max_data_class: DataClass
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class ApiKeyEntry(CredentialEntry):
    prefix: str
    expires_at: datetime | None
    secrets: tuple[SecretEntry, ...]


@dataclass(frozen=True, slots=True)
class IdentityProviderEntry(CredentialEntry):
    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    jwks: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BudgetEntry:
    id: UUID
    organization_id: UUID
    level: Level
    level_id: UUID
    name: str
    limit_nano_usd: int
    period: str


@dataclass(frozen=True, slots=True)
class RateLimitEntry:
    id: UUID
    organization_id: UUID
    level: Level
    level_id: UUID
    requests_per_minute: int | None
    tokens_per_minute: int | None
    concurrency: int | None


Ids = Collection[UUID] | None


def organizations(ids: Ids) -> Iterator[OrganizationEntry]:
    for row in _rows(Organization, ids):
        yield OrganizationEntry(
            row.id,
            row.slug,
            row.region,
            row.time_zone,
            frozenset(row.cors_origins),
            row.suspended_at is not None,
        )


def api_keys(ids: Ids) -> Iterator[ApiKeyEntry]:
    secrets = Prefetch("secrets", ApiKeySecret.across_tenants.using(GATEWAY).order_by("-created_at"))
    for row in _rows(ApiKey, ids).prefetch_related(secrets):
        yield ApiKeyEntry(
            **_credential(row),
            prefix=row.prefix,
            expires_at=row.expires_at,
            secrets=tuple(SecretEntry(s.id, bytes(s.digest), s.expires_at) for s in row.secrets.all()),
        )


def identity_providers(ids: Ids) -> Iterator[IdentityProviderEntry]:
    for row in _rows(IdentityProvider, ids):
        yield IdentityProviderEntry(
            **_credential(row),
            issuer=row.issuer,
            audience=row.audience,
            algorithms=tuple(row.algorithms),
            jwks=row.jwks,
        )


def budgets(ids: Ids) -> Iterator[BudgetEntry]:
    for row in _rows(Budget, ids).filter(is_active=True):
        yield BudgetEntry(
            row.id, row.organization_id, row.level, _level_id(row), row.name, row.limit_nano_usd, row.period
        )


def rate_limits(ids: Ids) -> Iterator[RateLimitEntry]:
    for row in _rows(RateLimit, ids):
        yield RateLimitEntry(
            row.id,
            row.organization_id,
            row.level,
            _level_id(row),
            row.requests_per_minute,
            row.tokens_per_minute,
            row.concurrency,
        )


SECTION: dict[str, Callable[[Ids], Iterator[Any]]] = {
    "organization": organizations,
    "api_key": api_keys,
    "identity_provider": identity_providers,
    "budget": budgets,
    "rate_limit": rate_limits,
}


def _rows(model: type[Model], ids: Ids) -> Any:
    rows = model.across_tenants.using(GATEWAY)  # type: ignore[attr-defined]
    return rows.all() if ids is None else rows.filter(id__in=ids)


def _credential(row: ApiKey | IdentityProvider) -> dict[str, Any]:
    return {
        "id": row.id,
        "organization_id": row.organization_id,
        "team_id": row.team_id,
        "project_id": row.project_id,
        "scopes": frozenset(row.scopes),
        "networks": tuple(ip_network(network) for network in row.networks),
        "max_data_class": DataClass(row.max_data_class),
        "is_revoked": row.revoked_at is not None,
    }


def _level_id(row: Budget | RateLimit) -> UUID:
    return row.api_key_id or row.project_id or row.team_id or row.organization_id
