"""What Celery does for governance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from celery import shared_task
from django.db import connections

from governance.models import ApprovalRequest, GatewayProcess, RequestStatus, SnapshotAcknowledgement
from governance.services import drift, escalations, evaluations, life, recertification
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tenants.models import Organization

KEPT = timedelta(hours=6)
SHOWN = timedelta(days=90)  # how long it took until every worker decided by a revocation


@shared_task  # type: ignore[untyped-decorator]
def prune_snapshot_changes() -> int:
    """Drops changes that every living worker has long taken in, what was acknowledged months ago, and processes gone
    for days. Gives the number of changes.

    A worker looks again every second, so one that missed changes this old has stopped deciding long before.
    """
    now = clock.now()
    with connections["system"].cursor() as cursor:
        cursor.execute("DELETE FROM governance_snapshot_change WHERE at < %s", [now - KEPT])
        dropped: int = cursor.rowcount
    SnapshotAcknowledgement.objects.using("system").filter(acknowledged_at__lt=now - SHOWN).delete()
    GatewayProcess.objects.using("system").filter(started_at__lt=now - timedelta(days=7)).filter(
        heartbeat_at__lt=now - timedelta(days=1)
    ).delete()
    return dropped


@shared_task  # type: ignore[untyped-decorator]
def look_for_drift() -> int:
    """Compares what deployments have begun to say with what was approved. Gives how many models have drifted."""
    return sum(_look_for_drift(actor, clock.now()) for actor in _systems())


def _look_for_drift(actor: Actor, now: datetime) -> int:
    with within(actor.scope):
        return sum(drift.look(actor=actor, identity=identity, now=now) for identity in drift.to_look_at())


@shared_task  # type: ignore[untyped-decorator]
def keep_evaluations() -> int:
    """Judges runs of probes that have ended, and queues those that are due. Gives how many acts that were."""
    return sum(_keep_evaluations(actor, clock.now()) for actor in _systems())


def _keep_evaluations(actor: Actor, now: datetime) -> int:
    acts = 0
    with within(actor.scope):
        for run in evaluations.to_judge():
            evaluations.judge(actor=actor, run=run, now=now)
            acts += 1
        for plan in evaluations.due(now):
            with suppress(errors.Conflict):  # somebody has queued it meanwhile
                evaluations.queue(actor=actor, plan=plan, now=now)
                acts += 1
    return acts


@shared_task  # type: ignore[untyped-decorator]
def keep_terms() -> int:
    """Tells of recertifications that are due, and retires models after their sunset. Gives how many acts that were.

    The gateway refuses at the very moment and waits for nothing here; a day that was missed is made up for.
    """
    return sum(_keep_terms(actor, clock.now()) for actor in _systems())


def _keep_terms(actor: Actor, now: datetime) -> int:
    acts = 0
    with within(actor.scope):
        for approval in recertification.due(now):
            acts += recertification.notice(actor=actor, approval=approval, now=now) is not None
        for model in life.over(now):
            with suppress(errors.Conflict):  # somebody has retired it meanwhile
                life.retire(actor=actor, model=model, now=now)
                acts += 1
    return acts


def _systems() -> Iterator[Actor]:
    """The system as an actor in each organisation."""
    for organization_id in Organization.across_tenants.using("system").values_list("id", flat=True):
        yield Actor("system", organization_id, organization_id)


@shared_task  # type: ignore[untyped-decorator]
def escalate_overdue() -> int:
    """Tells others of stages that are past their due day. Gives how many."""
    now = clock.now()
    waiting = ApprovalRequest.across_tenants.using("system").filter(
        status__in=[RequestStatus.SUBMITTED, RequestStatus.IN_REVIEW], stages__due_at__lt=now
    )
    organizations = waiting.order_by().values_list("organization_id", flat=True).distinct()
    return sum(escalations.escalate_overdue(organization_id=each, now=now) for each in list(organizations))
