"""What Celery does for governance."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.db import connections
from django.db.models import QuerySet

from governance.delivery import sending
from governance.models import (
    Approval,
    EvaluationPlan,
    GatewayProcess,
    Life,
    Model,
    ReportedIdentity,
    SnapshotAcknowledgement,
    Waiting,
)
from governance.services import alert_watch, drift, escalations, evaluations, life, recertification
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tenants.models import Organization

logger = logging.getLogger(__name__)

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
    new = ReportedIdentity.across_tenants.filter(looked_at__isnull=True)
    return sum(_look_for_drift(actor, clock.now()) for actor in _owners_of(new))


def _look_for_drift(actor: Actor, now: datetime) -> int:
    with within(actor.scope):
        return sum(drift.look(actor=actor, identity=identity, now=now) for identity in drift.to_look_at())


@shared_task  # type: ignore[untyped-decorator]
def keep_evaluations() -> int:
    """Judges runs of probes that have ended, and queues those that are due. Gives how many acts that were."""
    return sum(_keep_evaluations(actor, clock.now()) for actor in _owners_of(EvaluationPlan.across_tenants.all()))


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
    in_force = Approval.across_tenants.filter(ended_at__isnull=True)
    ending = Model.across_tenants.filter(life=Life.DEPRECATED)
    return sum(_keep_terms(actor, clock.now()) for actor in _owners_of(in_force, ending))


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


def _owners_of(*rows: QuerySet[Any]) -> Iterator[Actor]:
    """The system as an actor in each organisation that has one of these rows; in the others there is nothing to do."""
    found = [each.using("system").order_by().values_list("organization_id", flat=True) for each in rows]
    for organization_id in {owner for owners in found for owner in owners.distinct()}:
        yield Actor("system", organization_id, organization_id)


@shared_task  # type: ignore[untyped-decorator]
def escalate_overdue() -> int:
    """Tells others of stages that are past their due day. Gives how many."""
    now = clock.now()
    overdue = Waiting.across_tenants.filter(stage__due_at__lt=now)
    return sum(
        escalations.escalate_overdue(organization_id=owner.organization_id, now=now) for owner in _owners_of(overdue)
    )


@shared_task  # type: ignore[untyped-decorator]
def watch_usage() -> int:
    """Looks at budgets, days and traffic of every organisation. Gives how many alerts were opened or became worse."""
    return sum(_watch(actor, alert_watch.USAGE) for actor in _everybody())


@shared_task  # type: ignore[untyped-decorator]
def watch_anomalies() -> int:
    """Looks at the last whole hour and the last whole day of every organisation. As `watch_usage`."""
    return sum(_watch(actor, alert_watch.ANOMALIES) for actor in _everybody())


@shared_task  # type: ignore[untyped-decorator]
def send_alert_messages() -> int:
    """Tells channels what they are due to be told. Gives how many messages they took."""
    return sending.send_due()


def _watch(actor: Actor, looks: alert_watch.Looks) -> int:
    """None for an organisation that cannot be looked at: the others are."""
    try:
        with within(actor.scope):
            return alert_watch.look(actor=actor, looks=looks, now=clock.now())
    except Exception:
        logger.exception("alerts of organisation %s could not be looked for", actor.organization_id)
        return 0


def _everybody() -> Iterator[Actor]:
    for identifier in Organization.across_tenants.using("system").order_by("id").values_list("id", flat=True):
        yield Actor("system", identifier, identifier)
