"""The tenants' section of the gateway's snapshot: who calls, and within what limits.

Each loader reads rows through an unscoped manager on the gateway's own connection and yields frozen
entries; with `ids` only those objects, and an object that is gone yields nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal
from uuid import UUID

from django.db.models import Model

from kit import clock
from kit.data_class import DataClass
from tenants.models import (
    ApiKey,
    ApiKeySecret,
    AtStop,
    Budget,
    BudgetIncrease,
    IdentityProvider,
    Organization,
    Project,
    RateLimit,
    Team,
)
from tenants.models.money import RATES

Network = IPv4Network | IPv6Network
GATEWAY = "gateway"
_CHUNK = 5_000
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
class TeamEntry:
    id: UUID
    organization_id: UUID
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class ProjectEntry:
    """One that runs elsewhere than where its organisation is at home."""

    id: UUID
    region: str


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
    networks: tuple[Network, ...]
    max_data_class: DataClass
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class ApiKeyEntry(CredentialEntry):
    prefix: str
    expires_at: datetime | None
    is_suspended: bool
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
    each: str = ""
    use_case: str = ""
    model: str = ""
    tag: str = ""
    only_warns: bool = False
    downgrade_model: str = ""
    downgrade_at_percent: int = 100
    per_request_nano_usd: int | None = None
    increases: tuple[tuple[int, datetime], ...] = ()  # so much more, until then


@dataclass(frozen=True, slots=True)
class RateLimitEntry:
    id: UUID
    organization_id: UUID
    level: Level
    level_id: UUID
    each: str
    rates: tuple[int | None, ...]  # in the order of `tenants.models.money.RATES`
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


def teams(ids: Ids) -> Iterator[TeamEntry]:
    same = Same()
    for identifier, organization_id, suspended_at in _columns(
        _rows(Team, ids), "id", "organization_id", "suspended_at"
    ):
        yield TeamEntry(identifier, same[organization_id], suspended_at is not None)


def projects(ids: Ids) -> Iterator[ProjectEntry]:
    for identifier, region in _columns(_rows(Project, ids).exclude(region=""), "id", "region"):
        yield ProjectEntry(identifier, region)


def api_keys(ids: Ids) -> Iterator[ApiKeyEntry]:
    secrets, same = _secrets(ids), Same()
    names = ("prefix", "expires_at", "suspended_at")
    for *credential, prefix, expires_at, suspended_at in _columns(_rows(ApiKey, ids), *_CREDENTIAL, *names):
        entry = _credential(credential, same)
        found = tuple(secrets.get(entry[0], ()))
        yield ApiKeyEntry(*entry, prefix, expires_at, suspended_at is not None, found)


def identity_providers(ids: Ids) -> Iterator[IdentityProviderEntry]:
    same = Same()
    names = ("issuer", "audience", "algorithms", "jwks")
    for *credential, issuer, audience, algorithms, jwks in _columns(_rows(IdentityProvider, ids), *_CREDENTIAL, *names):
        yield IdentityProviderEntry(*_credential(credential, same), issuer, audience, tuple(algorithms), jwks)


def budgets(ids: Ids) -> Iterator[BudgetEntry]:
    same, more = Same(), _increases(ids)
    rows = _rows(Budget, ids).filter(is_active=True)
    for identifier, *columns in _columns(rows, "id", *_OWNER, *_BUDGET):
        owner, (name, *terms) = columns[: len(_OWNER)], columns[len(_OWNER) :]
        terms[_AT_STOP] = terms[_AT_STOP] == AtStop.WARN
        terms.append(tuple(more.get(identifier, ())))
        yield BudgetEntry(identifier, same[owner[0]], *_level(owner), name, *(same[value] for value in terms))


def rate_limits(ids: Ids) -> Iterator[RateLimitEntry]:
    same = Same()
    names = ("each", "concurrency", *RATES)
    for identifier, *columns in _columns(_rows(RateLimit, ids), "id", *_OWNER, *names):
        owner, (each, places, *rates) = columns[: len(_OWNER)], columns[len(_OWNER) :]
        yield RateLimitEntry(identifier, same[owner[0]], *_level(owner), same[each], same[tuple(rates)], same[places])


SECTION: dict[str, Callable[[Ids], Iterator[Any]]] = {
    "organization": organizations,
    "team": teams,
    "project": projects,
    "api_key": api_keys,
    "identity_provider": identity_providers,
    "budget": budgets,
    "rate_limit": rate_limits,
}


_CREDENTIAL = (
    *("id", "organization_id", "team_id", "project_id"),
    *("scopes", "networks", "max_data_class", "revoked_at"),
)
_OWNER = ("organization_id", "team_id", "project_id", "api_key_id")
_BUDGET = (
    *("name", "limit_nano_usd", "period", "each", "use_case", "model", "tag"),
    *("at_stop", "downgrade_model", "downgrade_at_percent", "per_request_nano_usd"),
)
_AT_STOP = _BUDGET.index("at_stop") - 1


class Same(dict[Any, Any]):
    """Gives the first of equal values, so that a hundred thousand entries share what they have in common."""

    def __missing__(self, value: Any) -> Any:
        self[value] = value
        return value


def _rows(model: type[Model], ids: Ids) -> Any:
    rows = model.across_tenants.using(GATEWAY)  # type: ignore[attr-defined]
    return rows.all() if ids is None else rows.filter(id__in=ids)


def _columns(rows: Any, *names: str) -> Iterator[tuple[Any, ...]]:
    """A few thousand rows at a time: instances of models would cost four times the time, and all at once the memory."""
    found: Iterator[tuple[Any, ...]] = rows.order_by().values_list(*names).iterator(chunk_size=_CHUNK)
    return found


def _secrets(ids: Ids) -> dict[UUID, list[SecretEntry]]:
    """Those of each key, the newest first."""
    rows = ApiKeySecret.across_tenants.using(GATEWAY)
    chosen = rows.all() if ids is None else rows.filter(api_key_id__in=ids)
    found: dict[UUID, list[SecretEntry]] = {}
    columns = chosen.order_by("-created_at", "-id").values_list("api_key_id", "id", "digest", "expires_at")
    for key_id, identifier, digest, expires_at in columns.iterator(chunk_size=_CHUNK):
        found.setdefault(key_id, []).append(SecretEntry(identifier, bytes(digest), expires_at))
    return found


def _increases(ids: Ids) -> dict[UUID, list[tuple[int, datetime]]]:
    """What is granted on top of each budget and not over yet."""
    rows = BudgetIncrease.across_tenants.using(GATEWAY).filter(is_granted=True, ended_at=None, ends_at__gt=clock.now())
    chosen = rows if ids is None else rows.filter(budget_id__in=ids)
    found: dict[UUID, list[tuple[int, datetime]]] = {}
    for budget_id, amount, ends_at in chosen.order_by("ends_at").values_list("budget_id", "amount_nano_usd", "ends_at"):
        found.setdefault(budget_id, []).append((amount, ends_at))
    return found


def _credential(
    columns: Sequence[Any], same: Same
) -> tuple[UUID, UUID, UUID, UUID, frozenset[str], tuple[Network, ...], DataClass, bool]:
    """The fields of a `CredentialEntry`, in order."""
    identifier, organization_id, team_id, project_id, scopes, networks, max_data_class, revoked_at = columns
    return (
        identifier,
        same[organization_id],
        same[team_id],
        same[project_id],
        same[frozenset(scopes)],
        same[tuple(ip_network(network) for network in networks)],
        DataClass(max_data_class),
        revoked_at is not None,
    )


def _level(owner: Sequence[UUID | None]) -> tuple[Level, UUID]:
    """The innermost of `_OWNER` that is named."""
    organization_id, team_id, project_id, api_key_id = owner
    if api_key_id:
        return "key", api_key_id
    if project_id:
        return "project", project_id
    if team_id:
        return "team", team_id
    assert organization_id is not None
    return "organization", organization_id
