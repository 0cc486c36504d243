"""Having a model probed: by somebody now, or by the timetable when it is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Max, OuterRef

from audit.ledger.append import append_act
from governance import selectors
from governance.models import Approval, EvaluationCase, EvaluationPlan, EvaluationRun
from governance.models.evaluation import OPEN
from governance.services.evaluations.plans import MANAGE
from kit import errors
from kit.context import Actor
from tenants import permissions


def queue(*, actor: Actor, plan: EvaluationPlan, now: datetime) -> EvaluationRun:
    """Has the gateway ask every case once, as soon as one of its processes is free.

    Raises `errors.Conflict` where a run is queued or running, where nothing is asked, and where no approval of the
    model is in force: it would be refused.
    """
    permissions.require(actor, MANAGE)
    permissions.require_reach(actor, None)
    with transaction.atomic():
        locked = EvaluationPlan.objects.select_for_update(of=("self",)).get(id=plan.id)
        if locked.runs.filter(status__in=OPEN).exists():
            raise errors.Conflict("The model is being probed already.")
        if not locked.cases.filter(retired_at__isnull=True, added_at__lte=now).exists():
            raise errors.Conflict("Nothing is asked: add a case first.")
        run = EvaluationRun.objects.create(
            organization_id=actor.organization_id,
            plan=locked,
            approval=_approval(locked, now),
            queued_at=now,
            queued_by_id=actor.id if actor.kind == "user" else None,
            cases=1,  # how many they are is counted by the database
        )
        append_act(
            actor=actor,
            action="governance.evaluation.queued",
            object_kind="model",
            object_id=locked.model_id,
            details={"run_id": str(run.id), "approval_id": str(run.approval_id)},
        )
    return run


def due(now: datetime) -> Iterator[EvaluationPlan]:
    """Plans of the entered scope whose time has come, and that a run can be queued of."""
    asked = EvaluationCase.objects.filter(plan_id=OuterRef("id"), retired_at__isnull=True, added_at__lte=now)
    waiting = EvaluationRun.objects.filter(plan_id=OuterRef("id"), status__in=OPEN)
    approved = selectors.live_approvals(now).filter(model_id=OuterRef("model_id"))
    plans = EvaluationPlan.objects.filter(Exists(asked), ~Exists(waiting), Exists(approved), is_active=True)
    for plan in plans.annotate(last=Max("runs__queued_at")):
        if plan.last is None or plan.last + timedelta(hours=plan.every_hours) <= now:
            yield plan


def _approval(plan: EvaluationPlan, now: datetime) -> Approval:
    found = selectors.live_approvals(now).filter(model_id=plan.model_id).first()
    if found is None:
        raise errors.Conflict("No approval of the model is in force: its calls would be refused.")
    return found
