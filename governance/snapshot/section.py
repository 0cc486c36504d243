"""The governance section of the gateway's snapshot: what may be called, where, at which price."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q
from django.db.models.functions import Now

from audit.pricing.schedule import Schedule
from governance import credentials, versions
from governance.models import (
    AiActClass,
    Approval,
    BreakGlass,
    Deployment,
    ExceptionStatus,
    Model,
    Price,
    Provider,
    ReportedIdentity,
    Route,
    RouteCandidate,
    SubjectKind,
    Suspension,
    UseCase,
    Waiver,
)
from kit.crypto import SealBroken
from kit.data_class import DataClass
from tenants.snapshot import GATEWAY, Ids

logger = logging.getLogger(__name__)
EVERYTHING: str = SubjectKind.EVERYTHING.value


@dataclass(frozen=True, slots=True, repr=False)
class ProviderEntry:
    id: UUID
    organization_id: UUID
    name: str
    kind: str
    base_url: str
    credential: str
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class DeprecationEntry:
    """`successor` is a slug."""

    deprecated_at: datetime
    sunset_at: datetime
    successor: str | None


@dataclass(frozen=True, slots=True)
class ModelEntry:
    id: UUID
    organization_id: UUID
    slug: str
    version: str
    tier: str
    context_window: int
    max_output_tokens: int
    created_at: datetime
    publisher: str
    is_suspended: bool
    deprecation: DeprecationEntry | None = None
    usual_output_tokens: int | None = None
    image_tokens: int | None = None

    def is_over(self, at: datetime) -> bool:
        return self.deprecation is not None and self.deprecation.sunset_at <= at


@dataclass(frozen=True, slots=True)
class PriceEntry:
    id: UUID
    effective_from: datetime
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class DeploymentEntry:
    """`prices` are newest first. Approvals granted before `voided_at` do not cover it."""

    id: UUID
    organization_id: UUID
    model_id: UUID
    provider_id: UUID
    upstream_model: str
    region: str
    position: int
    is_suspended: bool
    prices: tuple[PriceEntry, ...]
    voided_at: datetime | None = None

    def price_at(self, moment: datetime) -> PriceEntry | None:
        return next((price for price in self.prices if price.effective_from <= moment), None)


@dataclass(frozen=True, slots=True)
class RouteEntry:
    id: UUID
    organization_id: UUID
    team_id: UUID | None
    slug: str
    deployment_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class UseCaseEntry:
    """One that calls may name. What is retired or prohibited is not there."""

    id: UUID
    organization_id: UUID
    team_id: UUID | None
    slug: str


@dataclass(frozen=True, slots=True)
class ApprovalEntry:
    id: UUID
    organization_id: UUID
    model_id: UUID
    teams: frozenset[UUID]
    use_cases: frozenset[UUID]
    caller_regions: frozenset[str]
    regions: frozenset[str]
    deployments: frozenset[UUID]
    max_data_class: DataClass
    granted_at: datetime
    expires_at: datetime | None
    recertify_by: datetime
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class BreakGlassEntry:
    """A model that is open without an approval; without a team, for the whole organisation."""

    id: UUID
    organization_id: UUID
    model_id: UUID
    team_id: UUID | None
    max_data_class: DataClass
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class WaiverEntry:
    """One condition of an approval that does not hold for a use case; with a class, data up to it may be sent."""

    id: UUID
    organization_id: UUID
    approval_id: UUID
    use_case_id: UUID
    condition: str
    max_data_class: DataClass | None
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SuspensionEntry:
    """One in force that the subject's own entry does not tell all of: it ends running calls, or stops everything."""

    id: UUID
    subject_kind: str
    subject_id: UUID
    cuts_calls: bool

    @property
    def subject(self) -> UUID | str:
        """What it is looked up by."""
        return EVERYTHING if self.subject_kind == EVERYTHING else self.subject_id


def providers(ids: Ids) -> Iterator[ProviderEntry]:
    """One whose credential does not open counts as suspended: one row must not stop everybody's worker."""
    for row in _only(Provider.across_tenants.using(GATEWAY), ids):
        credential = _credential(row)
        yield ProviderEntry(
            row.id,
            row.organization_id,
            row.name,
            row.kind,
            row.base_url,
            credential or "",
            row.is_suspended or credential is None,
        )


def models(ids: Ids) -> Iterator[ModelEntry]:
    rows = Model.across_tenants.using(GATEWAY).select_related("successor")
    for row in _only(rows.defer("description", "fingerprint", "successor__fingerprint"), ids):
        yield ModelEntry(
            row.id,
            row.organization_id,
            row.slug,
            row.version,
            row.tier,
            row.context_window,
            row.max_output_tokens,
            row.created_at,
            row.publisher,
            row.is_suspended,
            _deprecation(row),
            row.usual_output_tokens,
            row.image_tokens,
        )


def deployments(ids: Ids) -> Iterator[DeploymentEntry]:
    prices = Prefetch("prices", Price.across_tenants.using(GATEWAY).order_by("-effective_from"))
    identities = Prefetch("identities", ReportedIdentity.across_tenants.using(GATEWAY).all())
    for row in _only(Deployment.across_tenants.using(GATEWAY).prefetch_related(prices, identities), ids):
        yield DeploymentEntry(
            row.id,
            row.organization_id,
            row.model_id,
            row.provider_id,
            row.upstream_model,
            row.region,
            row.position,
            row.is_suspended,
            tuple(_prices(row.prices.all())),
            versions.voided_at(row.identities.all()),
        )


def routes(ids: Ids) -> Iterator[RouteEntry]:
    candidates = Prefetch("candidates", RouteCandidate.across_tenants.using(GATEWAY).order_by("position"))
    for row in _only(Route.across_tenants.using(GATEWAY).prefetch_related(candidates), ids):
        yield RouteEntry(
            row.id,
            row.organization_id,
            row.team_id,
            row.slug,
            tuple(candidate.deployment_id for candidate in row.candidates.all()),
        )


def use_cases(ids: Ids) -> Iterator[UseCaseEntry]:
    standing = UseCase.across_tenants.using(GATEWAY).filter(retired_at__isnull=True)
    for row in _only(standing.exclude(ai_act_class=AiActClass.PROHIBITED), ids):
        yield UseCaseEntry(row.id, row.organization_id, row.team_id, row.slug)


def approvals(ids: Ids) -> Iterator[ApprovalEntry]:
    for row in _only(Approval.across_tenants.using(GATEWAY).filter(ended_at__isnull=True), ids):
        yield ApprovalEntry(
            row.id,
            row.organization_id,
            row.model_id,
            frozenset(row.teams),
            frozenset(row.use_cases),
            frozenset(row.caller_regions),
            frozenset(row.regions),
            frozenset(row.deployments),
            DataClass(row.max_data_class),
            row.granted_at,
            row.expires_at,
            row.recertify_by,
            row.suspended_at is not None,
        )


def break_glasses(ids: Ids) -> Iterator[BreakGlassEntry]:
    in_force = BreakGlass.across_tenants.using(GATEWAY).filter(status=ExceptionStatus.IN_FORCE, ends_at__gt=Now())
    for row in _only(in_force, ids):
        yield BreakGlassEntry(
            row.id, row.organization_id, row.model_id, row.team_id, DataClass(row.max_data_class), row.ends_at
        )


def waivers(ids: Ids) -> Iterator[WaiverEntry]:
    in_force = Waiver.across_tenants.using(GATEWAY).filter(status=ExceptionStatus.IN_FORCE, ends_at__gt=Now())
    for row in _only(in_force, ids):
        yield WaiverEntry(
            row.id,
            row.organization_id,
            row.approval_id,
            row.use_case_id,
            row.condition,
            None if row.max_data_class is None else DataClass(row.max_data_class),
            row.ends_at,
        )


def suspensions(ids: Ids) -> Iterator[SuspensionEntry]:
    telling = Q(cuts_calls=True) | Q(subject_kind=SubjectKind.EVERYTHING)
    for row in _only(Suspension.across_tenants.using(GATEWAY).filter(telling, ended_at__isnull=True), ids):
        yield SuspensionEntry(row.id, row.subject_kind, row.subject_id, row.cuts_calls)


SECTION: dict[str, Callable[[Ids], Iterator[Any]]] = {
    "provider": providers,
    "model": models,
    "deployment": deployments,
    "route": routes,
    "use_case": use_cases,
    "approval": approvals,
    "break_glass": break_glasses,
    "waiver": waivers,
    "suspension": suspensions,
}


def _credential(row: Provider) -> str | None:
    try:
        return credentials.reveal(row.id, bytes(row.credential))
    except SealBroken:
        logger.error("the credential of provider %s does not open under FIELD_KEY; no call goes there", row.id)
        return None


def _deprecation(row: Model) -> DeprecationEntry | None:
    """A model that is retired has had its sunset."""
    if row.deprecated_at is None or row.sunset_at is None:
        return None
    return DeprecationEntry(row.deprecated_at, row.sunset_at, row.successor.slug if row.successor else None)


def _only(rows: Any, ids: Ids) -> Any:
    return rows.all() if ids is None else rows.filter(id__in=ids)


def _prices(rows: Iterable[Price]) -> Iterator[PriceEntry]:
    """One that cannot be charged by, which the database lets nobody enter, is none: its deployment is not called."""
    for row in rows:
        try:
            yield PriceEntry(row.id, row.effective_from, row.schedule)
        except (ValueError, KeyError, TypeError):
            logger.exception("price %s cannot be read", row.id)
