"""Probes of models for tests: plans, cases and runs, and one way to do each act on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import connections

from governance.models import EvaluationCase, EvaluationPlan, EvaluationResult, EvaluationRun, Expectation, Model
from governance.services import evaluations
from governance.services.evaluations import Question, Terms
from kit import clock
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tests.support.preparing import Act, after, on, perform, unique
from tests.support.world import World

_TAKE = """UPDATE governance_evaluationrun SET status = 'running', claimed_by = %s, attempts = attempts + 1,
started_at = %s WHERE id = %s"""
_END = "UPDATE governance_evaluationrun SET status = %s, failure_code = %s, ended_at = %s WHERE id = %s"


def plan(world: World, model: Model | None = None, **terms: Any) -> EvaluationPlan:
    """With the world's key, of a new model that is approved unless one is given."""
    probed = model or world.model(unique("model"))
    by_key = Terms(**{"api_key": world.key, **terms})
    with within(world.admin.scope):
        return evaluations.set_plan(actor=world.admin, model=probed, terms=by_key, now=clock.now())


def case(
    world: World, of: EvaluationPlan, expected: str = "fine", *, kind: str = "contains", prompt: str = "How are you?"
) -> EvaluationCase:
    question = Question(unique("case"), prompt, Expectation(kind), expected)
    with within(world.admin.scope):
        return evaluations.add_case(actor=world.admin, plan=of, question=question, now=clock.now())


def queue(world: World, of: EvaluationPlan, now: datetime | None = None) -> EvaluationRun:
    with within(world.admin.scope):
        return evaluations.queue(actor=world.admin, plan=of, now=now or clock.now())


def ready(world: World, model: Model | None = None, **terms: Any) -> EvaluationPlan:
    """A plan with a case, so that a run can be queued."""
    made = plan(world, model, **terms)
    case(world, made)
    return made


def take(run: EvaluationRun, passed: Mapping[EvaluationCase, bool] | None = None) -> None:
    """As a gateway process does, and with its rights; one that dies when it has these results."""
    _as_gateway(_TAKE, [new_id(), clock.now(), run.id])
    results = [
        EvaluationResult(
            organization_id=run.organization_id, run=run, case=each, passed=has, request_id=new_id(), code=""
        )
        for each, has in (passed or {}).items()
    ]
    EvaluationResult.across_tenants.using("gateway").bulk_create(results)


def end(run: EvaluationRun, passed: Mapping[EvaluationCase, bool] | None = None, code: str = "") -> None:
    """Taken and ended: with these results, or failed for some reason."""
    take(run, passed)
    _as_gateway(_END, ["failed" if code else "done", code, clock.now(), run.id])


def again(run: EvaluationRun) -> EvaluationRun:
    """As it is now."""
    return EvaluationRun.across_tenants.using("system").get(id=run.id)


def _as_gateway(statement: str, values: list[Any]) -> None:
    with connections["gateway"].cursor() as cursor:
        cursor.execute(statement, values)


def _set(actor: Actor, of: tuple[World, Model]) -> EvaluationPlan:
    world, model = of
    return evaluations.set_plan(actor=actor, model=model, terms=Terms(world.key), now=clock.now())


def _add(actor: Actor, of: EvaluationPlan) -> EvaluationCase:
    question = Question(unique("case"), "How are you?", Expectation.CONTAINS, "fine")
    return evaluations.add_case(actor=actor, plan=of, question=question, now=clock.now())


def _judged(world: World) -> Act:
    made = plan(world)
    asked = case(world, made)
    run = queue(world, made)
    end(run, {asked: True})
    return Act(world.system, lambda actor: evaluations.judge(actor=actor, run=run, now=clock.now()))


_planned = on(lambda world: (world, world.model(unique("model"))), _set)
PROBES: dict[str, Callable[[World], Act]] = {
    "governance.evaluation_plan.set": _planned,
    "governance.evaluation_case.added": after(_planned, _add),
    "governance.evaluation_case.retired": on(
        lambda world: perform(after(_planned, _add)(world)),
        lambda actor, made: evaluations.retire_case(actor=actor, case=made, now=clock.now()),
    ),
    "governance.evaluation.queued": on(
        ready, lambda actor, made: evaluations.queue(actor=actor, plan=made, now=clock.now())
    ),
    "governance.evaluation.judged": _judged,
}
