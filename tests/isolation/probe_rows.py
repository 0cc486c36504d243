"""One row of each table of probes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import models

from governance import models as governance
from kit.ids import new_id
from tenants import models as tenants
from tests.support import probes

if TYPE_CHECKING:
    from tests.isolation.plots import Plot


def _plan(plot: Plot) -> Any:
    return plot.add(
        governance.EvaluationPlan,
        model=plot.row(governance.Approval).model,
        api_key_id=plot.row(tenants.ApiKey).id,
        tolerance=0,
        set_by=plot.lead.user,
        set_at=plot.world.now,
    )


def _case(plot: Plot) -> Any:
    return plot.add(
        governance.EvaluationCase,
        plan=plot.row(governance.EvaluationPlan),
        name=f"case-{new_id().hex[-12:]}",
        prompt="How are you?",
        expectation="contains",
        expected="fine",
        added_by=plot.lead.user,
        added_at=plot.world.now,
    )


def _run(plot: Plot) -> Any:
    plot.row(governance.EvaluationCase)
    return plot.add(
        governance.EvaluationRun,
        plan=plot.row(governance.EvaluationPlan),
        approval=plot.row(governance.Approval),
        queued_at=plot.world.now,
        queued_by=plot.lead.user,
        cases=1,
    )


def _result(plot: Plot) -> Any:
    run = plot.row(governance.EvaluationRun)
    probes.take(run)
    result = governance.EvaluationResult(
        organization_id=plot.world.organization.id,
        run_id=run.id,
        case_id=plot.row(governance.EvaluationCase).id,
        passed=True,
        request_id=new_id(),
    )
    governance.EvaluationResult.across_tenants.using("gateway").bulk_create([result])
    return result


PROBES: dict[type[models.Model], Callable[[Plot], Any]] = {
    governance.EvaluationPlan: _plan,
    governance.EvaluationCase: _case,
    governance.EvaluationRun: _run,
    governance.EvaluationResult: _result,
}
