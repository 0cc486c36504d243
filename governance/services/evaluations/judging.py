"""What the outcome of a run means: the first one under an approval is its baseline, and one that is worse is drift."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from audit.ledger.append import append_act
from governance.models import Approval, EvaluationPlan, EvaluationResult, EvaluationRun, NoticeKind, RunStatus
from governance.services import drift, notices
from kit.context import Actor
from tenants import permissions
from tenants.models import ApiKey, Membership, Role

Outcomes = Mapping[UUID, bool]  # whether each case passed


def to_judge() -> QuerySet[EvaluationRun]:
    """Runs of the entered scope that have come to an end, oldest first."""
    return EvaluationRun.objects.filter(ended_at__isnull=False, judged_at__isnull=True).order_by("ended_at", "id")


def is_worse(before: Outcomes, after: Outcomes, tolerance: int) -> bool:
    """Whether, of the cases that both were asked, so many fewer passed that it is more than `tolerance` points."""
    common = before.keys() & after.keys()
    lost = sum(before[case] for case in common) - sum(after[case] for case in common)
    return 100 * lost > tolerance * len(common)


def judge(*, actor: Actor, run: EvaluationRun, now: datetime) -> bool:
    """Compares a run with the baseline of its approval; gives whether that is drift.

    Drift has the consequence it has in `drift.look`, once for an approval. A run that failed says nothing about the
    model, and the people of its key are told. Again changes nothing.
    """
    permissions.require_system(actor)
    with transaction.atomic():
        locked = EvaluationRun.objects.select_for_update(of=("self",)).select_related("plan").get(id=run.id)
        if locked.judged_at is not None or locked.ended_at is None:
            return False
        locked.judged_at = now
        if locked.status == RunStatus.DONE:
            approval = Approval.objects.select_for_update(of=("self",)).get(id=locked.approval_id)
            _compare(actor, locked, approval, now)
        else:
            _tell(locked, now)
        locked.save(update_fields=["judged_at", "is_baseline", "has_drifted"])
        _record(actor, locked)
    return locked.has_drifted


def _compare(actor: Actor, run: EvaluationRun, approval: Approval, now: datetime) -> None:
    after = _outcomes(run)
    earlier = EvaluationRun.objects.filter(approval=approval, is_baseline=True).order_by("-queued_at")
    before = next((found for each in earlier if (found := _outcomes(each)).keys() & after.keys()), None)
    if before is None:
        run.is_baseline = approval.ended_at is None
        return
    run.has_drifted = is_worse(before, after, run.plan.tolerance)
    known = EvaluationRun.objects.filter(approval=approval, has_drifted=True).exists()
    if run.has_drifted and not known and approval.ended_at is None:
        drift.have_recertified(actor=actor, approval=approval, noticed={"run_id": str(run.id)}, now=now)


def _outcomes(run: EvaluationRun) -> dict[UUID, bool]:
    return dict(EvaluationResult.objects.filter(run=run).values_list("case_id", "passed"))


def _tell(run: EvaluationRun, now: datetime) -> None:
    """Once for a reason, until a run comes to its end again."""
    complete = run.plan.runs.filter(status=RunStatus.DONE).order_by("-queued_at").values_list("id", flat=True).first()
    notices.tell(
        organization_id=run.organization_id,
        people=_people_of(run.plan),
        kind=NoticeKind.PROBES_FAILED,
        subject_kind="model",
        subject_id=run.plan.model_id,
        now=now,
        once=f"probes:{run.plan_id}:{run.failure_code}:{complete or ''}",
    )


def _people_of(plan: EvaluationPlan) -> set[UUID]:
    """Who leads the team whose key it is, and who has the model probed by it."""
    teams = ApiKey.objects.filter(id=plan.api_key_id).values("team_id")
    leads = Membership.objects.filter(role=Role.TEAM_LEAD, team_id__in=teams)
    return {plan.set_by_id, *leads.values_list("user_id", flat=True)}


def _record(actor: Actor, run: EvaluationRun) -> None:
    ended = {"failure": run.failure_code} if run.passed is None else {"passed": run.passed, "cases": run.cases}
    append_act(
        actor=actor,
        action="governance.evaluation.judged",
        object_kind="model",
        object_id=run.plan.model_id,
        details={"run_id": str(run.id), "is_baseline": run.is_baseline, "has_drifted": run.has_drifted, **ended},
    )
