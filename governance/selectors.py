"""Reads across the models of the register."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery
from pgvector.django import CosineDistance

from audit.callers import teams_calling
from governance import coverage
from governance.models import (
    AiActClass,
    Approval,
    ApprovalRequest,
    BreakGlass,
    Deployment,
    Evidence,
    ExceptionStatus,
    Model,
    OtherSystem,
    Price,
    ReportedIdentity,
    RequestStatus,
    UseCase,
    Waiver,
)
from governance.models.evidence import EXPIRES_SOON
from tenants.models import Membership, Role

NEAR = 0.35


def similar_models(model: Model, *, limit: int = 5) -> QuerySet[Model]:
    """Entries of the register whose names and descriptions read alike, nearest first, with `distance` (0 to 2)."""
    if model.fingerprint is None:
        return Model.objects.none()
    return (
        Model.objects.exclude(id=model.id)
        .annotate(distance=CosineDistance("fingerprint", model.fingerprint))
        .filter(distance__lt=NEAR)
        .order_by("distance")[:limit]
    )


def similar_systems(system: OtherSystem, *, limit: int = 5) -> QuerySet[OtherSystem]:
    """As `similar_models`, by name and vendor, among the systems that run elsewhere."""
    return (
        OtherSystem.objects.exclude(id=system.id)
        .annotate(distance=CosineDistance("fingerprint", system.fingerprint))
        .filter(distance__lt=NEAR)
        .order_by("distance")[:limit]
    )


def live_approvals(at: datetime) -> QuerySet[Approval]:
    """Approvals under which calls may run at that moment."""
    return Approval.objects.filter(recertify_by__gt=at, suspended_at__isnull=True, ended_at__isnull=True)


def open_requests() -> QuerySet[ApprovalRequest]:
    """Requests that wait for a decision, oldest first.

    The requester is not joined: row-level security hides a person who has left, and would hide the request too.
    """
    return (
        ApprovalRequest.objects.filter(status__in=[RequestStatus.SUBMITTED, RequestStatus.IN_REVIEW])
        .select_related("model")
        .prefetch_related("decisions", "stages", "attached__evidence")
        .order_by("requested_at")
    )


def named_in(rows: QuerySet[Any], column: str, name: str) -> ArraySubquery:
    """What the rows are called whose ids are in an array of the outer row, to annotate lists with."""
    is_named = Func(
        F("id"),
        OuterRef(column),
        template="%(expressions)s)",
        arg_joiner=" = ANY (",
        output_field=BooleanField(),
    )
    return ArraySubquery(rows.filter(is_named).values(name))


def use_cases_in_service() -> QuerySet[UseCase]:
    """Those that approvals may name and calls run under."""
    return UseCase.objects.filter(retired_at__isnull=True).exclude(ai_act_class=AiActClass.PROHIBITED)


def is_relied_on(use_case: UseCase, at: datetime) -> bool:
    """Whether something that was signed, or is about to be, is about what the use case is for."""
    return (
        Approval.objects.filter(use_cases__contains=[use_case.id], ended_at__isnull=True, recertify_by__gt=at).exists()
        or open_requests().filter(use_cases__contains=[use_case.id]).exists()
        or Waiver.objects.filter(use_case=use_case, ends_at__gt=at).exclude(status=ExceptionStatus.ENDED).exists()
    )


def break_glasses() -> QuerySet[BreakGlass]:
    """Newest first."""
    return BreakGlass.objects.select_related("model", "team")


def unsettled_break_glasses(at: datetime) -> QuerySet[BreakGlass]:
    """Those that somebody must still countersign or review."""
    waits = Q(status=ExceptionStatus.ASKED, ends_at__gt=at)
    return break_glasses().filter(waits | Q(in_force_at__isnull=False, finding=""))


def changed_since_approval() -> QuerySet[Deployment]:
    """Of models with an approval that has not ended, those that may have ceased to be what it was granted for: since
    then they have begun to say that they are something else."""
    granted = Approval.objects.filter(ended_at__isnull=True, model_id=OuterRef("deployment__model_id"))
    heard = ReportedIdentity.objects.exclude(model="").filter(deployment_id=OuterRef("id"))
    since = heard.annotate(granted_at=Subquery(granted.values("granted_at")[:1])).filter(
        first_heard_at__gt=F("granted_at")
    )
    return Deployment.objects.filter(Exists(since)).select_related("model", "provider").prefetch_related(*coverage.READ)


def waivers() -> QuerySet[Waiver]:
    """Newest first."""
    return Waiver.objects.select_related("approval__model", "use_case", "team").prefetch_related("signatures")


def waivers_in_force(at: datetime) -> QuerySet[Waiver]:
    return waivers().filter(status=ExceptionStatus.IN_FORCE, ends_at__gt=at)


def waivers_to_sign(at: datetime) -> QuerySet[Waiver]:
    """Those that somebody must still sign."""
    return waivers().filter(status=ExceptionStatus.ASKED, ends_at__gt=at)


def price_at(deployment: Deployment, at: datetime) -> Price | None:
    """The price in force at that moment, from prices that may have been prefetched."""
    begun = [price for price in deployment.prices.all() if price.effective_from <= at]
    return max(begun, key=lambda price: price.effective_from, default=None)


def evidence_in_use() -> QuerySet[Evidence]:
    """Evidence that nobody has withdrawn, newest first."""
    return Evidence.objects.filter(withdrawn_at__isnull=True).select_related("model", "provider")


def evidence_about(model: Model) -> QuerySet[Evidence]:
    """What a request for the model may rest on: evidence about it, and about those who provide it."""
    providers = Deployment.objects.filter(model=model).values("provider_id")
    return evidence_in_use().filter(Q(model=model) | Q(provider_id__in=providers))


def expiring(at: datetime) -> Q:
    """Evidence that is good still, and not in a month."""
    return Q(expires_at__gt=at, expires_at__lte=at + EXPIRES_SOON)


def leads_calling(slug: str, at: datetime) -> set[UUID]:
    """The leads of the teams that called a model in the last 30 days."""
    leads = Membership.objects.filter(role=Role.TEAM_LEAD, team_id__in=teams_calling(slug, now=at))
    return set(leads.values_list("user_id", flat=True))
