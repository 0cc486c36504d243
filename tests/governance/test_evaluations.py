"""Probes: what is asked, when, and what follows from how many pass."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from governance.models import Approval, EvaluationCase, EvaluationResult, EvaluationRun, Expectation, Notice, NoticeKind
from governance.services import evaluations
from governance.services.evaluations import Question, Terms, judging
from governance.services.evaluations.judging import is_worse
from governance.tasks import keep_evaluations
from kit import clock, errors
from kit.ids import new_id
from kit.scoping import within
from tenants.models import Role
from tests.support import acts, probes
from tests.support.world import World

OUTCOMES = st.dictionaries(st.uuids(), st.booleans(), max_size=8)


@given(before=OUTCOMES, tolerance=st.integers(0, 100))
def test_nothing_is_worse_than_itself(before: judging.Outcomes, tolerance: int) -> None:
    assert not is_worse(before, before, tolerance)


@given(before=OUTCOMES, others=OUTCOMES, tolerance=st.integers(0, 100))
def test_what_only_one_of_them_was_asked_says_nothing(
    before: judging.Outcomes, others: judging.Outcomes, tolerance: int
) -> None:
    assert not is_worse(before, {**others, **before}, tolerance)


@given(cases=st.integers(1, 100), lost=st.integers(0, 100), tolerance=st.integers(0, 100))
def test_it_is_worse_by_more_than_the_tolerance(cases: int, lost: int, tolerance: int) -> None:
    ids = [new_id() for _ in range(cases)]
    failed = set(ids[: min(lost, cases)])
    worse = is_worse(dict.fromkeys(ids, True), {each: each not in failed for each in ids}, tolerance)
    assert worse == (100 * len(failed) / cases > tolerance)


def drifts(world: World) -> int:
    return sum(act.action == "governance.model.drifted" for act in acts.acts_of(world))


def test_the_first_run_is_the_baseline_and_one_that_is_worse_is_drift_once(world: World) -> None:
    plan = probes.plan(world, tolerance=30)
    cases = [probes.case(world, plan) for _ in range(4)]
    first = probes.queue(world, plan)
    probes.end(first, dict.fromkeys(cases, True))
    keep_evaluations()
    assert (probes.again(first).is_baseline, probes.again(first).passed) == (True, 4)

    outcomes = [True, True, True, False]
    within_tolerance = probes.queue(world, plan)
    probes.end(within_tolerance, dict(zip(cases, outcomes, strict=True)))
    keep_evaluations()
    assert not probes.again(within_tolerance).has_drifted
    assert drifts(world) == 0

    for _ in range(2):
        worse = probes.queue(world, plan)
        probes.end(worse, dict(zip(cases, [True, True, False, False], strict=True)))
        keep_evaluations()
        keep_evaluations()
        assert probes.again(worse).has_drifted
    assert drifts(world) == 1
    with within(world.officer.scope):
        approval = Approval.objects.get(id=first.approval_id)
        assert approval.recertify_by <= clock.now() + timedelta(days=30)
        kinds = Notice.objects.filter(person_id=world.officer.id, subject_id=plan.model_id).values_list(
            "kind", flat=True
        )
        assert NoticeKind.DRIFTED in kinds


def test_cases_that_came_later_are_compared_from_the_next_approval_on(world: World) -> None:
    plan = probes.plan(world, tolerance=0)
    old = probes.case(world, plan)
    probes.end(probes.queue(world, plan), {old: True})
    keep_evaluations()
    new = probes.case(world, plan)
    probes.end(probes.queue(world, plan), {old: True, new: False})
    keep_evaluations()
    assert drifts(world) == 0


def test_where_nothing_is_in_common_another_baseline_begins(world: World) -> None:
    plan = probes.plan(world)
    old = probes.case(world, plan)
    probes.end(probes.queue(world, plan), {old: True})
    keep_evaluations()
    with within(world.admin.scope):
        evaluations.retire_case(actor=world.admin, case=old, now=clock.now())
    new = probes.case(world, plan)
    second = probes.queue(world, plan)
    probes.end(second, {new: False})
    keep_evaluations()
    assert probes.again(second).is_baseline
    assert drifts(world) == 0


def test_another_approval_begins_with_a_baseline_of_its_own(world: World) -> None:
    plan = probes.plan(world, tolerance=0)
    case = probes.case(world, plan)
    probes.end(probes.queue(world, plan), {case: True})
    keep_evaluations()
    world.approve(plan.model)
    anew = probes.queue(world, plan)
    probes.end(anew, {case: False})
    keep_evaluations()
    assert probes.again(anew).is_baseline
    assert drifts(world) == 0


def test_a_run_that_failed_says_nothing_of_the_model_and_is_told_once(world: World) -> None:
    lead = world.person("lea", Role.TEAM_LEAD, world.team)
    plan = probes.ready(world)
    for _ in range(2):
        run = probes.queue(world, plan)
        probes.end(run, code="budget_exceeded")
        keep_evaluations()
        assert not probes.again(run).is_baseline
    with within(lead.scope):
        kinds = list(Notice.objects.filter(person_id=lead.id).values_list("kind", flat=True))
    assert kinds == [NoticeKind.PROBES_FAILED]


def test_the_timetable_queues_what_is_due_and_can_run(world: World) -> None:
    plan, unapproved = probes.ready(world), probes.ready(world, world.model("unapproved", approved=False))
    resting, unasked = probes.ready(world, is_active=False), probes.plan(world)
    keep_evaluations()
    keep_evaluations()
    with within(world.admin.scope):
        [run] = EvaluationRun.objects.all()
        assert (run.plan_id, run.queued_by_id, run.cases) == (plan.id, None, 1)
        assert list(evaluations.due(clock.now() + timedelta(days=2))) == []
    probes.end(run, code="model_suspended")
    with within(world.admin.scope):
        assert list(evaluations.due(run.queued_at + timedelta(hours=23))) == []
        assert list(evaluations.due(run.queued_at + timedelta(hours=24))) == [plan]
        for other in (unapproved, unasked):
            with pytest.raises(errors.Conflict):
                evaluations.queue(actor=world.admin, plan=other, now=clock.now())
        assert evaluations.queue(actor=world.admin, plan=resting, now=clock.now()).queued_by_id == world.admin.id


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("matches", "("),
        ("matches", "x" * 501),
        ("contains", " "),
        ("equals", "x" * 8001),
        ("json", "no json"),
        ("json", '{"type": "nothing"}'),
        ("json", '{"items": {"$ref": "https://example.com/schema"}}'),
    ],
)
def test_what_no_answer_can_be_held_against_is_refused(world: World, kind: str, expected: str) -> None:
    plan = probes.plan(world)
    with pytest.raises(errors.InvalidRequest):
        probes.case(world, plan, expected, kind=kind)


def test_a_case_has_a_name_of_its_own_and_a_prompt_of_bounded_length(world: World) -> None:
    plan = probes.plan(world)
    case = probes.case(world, plan)
    twin = Question(case.name, "How are you?", Expectation.EQUALS, "fine")
    endless = Question("endless", "x" * 8001, Expectation.EQUALS, "fine")
    with within(world.admin.scope):
        for question, refused in ((twin, errors.Conflict), (endless, errors.InvalidRequest)):
            with pytest.raises(refused):
                evaluations.add_case(actor=world.admin, plan=plan, question=question, now=clock.now())


@pytest.mark.parametrize("terms", [{"every_hours": 0}, {"every_hours": 2161}, {"tolerance": 101}])
def test_a_plan_keeps_its_bounds(world: World, terms: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidRequest):
        probes.plan(world, **terms)


def test_a_key_that_the_gateway_may_not_call_with_is_refused(world: World, other_world: World) -> None:
    bound, _ = world.new_key(networks=["10.0.0.0/8"])
    with pytest.raises(errors.Conflict):
        probes.plan(world, api_key=bound)
    with pytest.raises(DatabaseError):
        probes.plan(world, api_key=other_world.key)


def test_nobody_puts_in_a_result_or_ends_a_run_by_hand(world: World) -> None:
    plan = probes.ready(world)
    run = probes.queue(world, plan)
    with within(world.admin.scope):
        mine = EvaluationRun.objects.filter(id=run.id)
        case = EvaluationCase.objects.get(plan=plan)
        for change in (
            {"status": "done"},
            {"passed": 1},
            {"cases": 2},
            {"is_baseline": True},
            {"judged_at": world.now},
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                mine.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            EvaluationResult.objects.create(
                organization_id=run.organization_id, run=run, case=case, passed=True, request_id=new_id()
            )
        with pytest.raises(DatabaseError), transaction.atomic():
            EvaluationCase.objects.filter(id=case.id).update(prompt="another")
        with pytest.raises(DatabaseError), transaction.atomic():
            EvaluationRun.objects.create(
                organization_id=run.organization_id, plan=plan, approval=run.approval, queued_at=world.now, cases=1
            )


def test_the_gateway_ends_a_run_once_and_only_when_all_was_asked(world: World) -> None:
    plan = probes.plan(world)
    cases = [probes.case(world, plan) for _ in range(2)]
    run = probes.queue(world, plan)
    with pytest.raises(DatabaseError):
        probes.end(run, {cases[0]: True})
    probes.end(run, {cases[1]: False})
    assert (probes.again(run).status, probes.again(run).passed) == ("done", 1)
    with pytest.raises(DatabaseError), connections["gateway"].cursor() as cursor:
        cursor.execute("UPDATE governance_evaluationrun SET status = 'running' WHERE id = %s", [run.id])


def test_a_result_is_of_a_case_of_its_own_run(world: World) -> None:
    run, foreign = probes.queue(world, probes.ready(world)), probes.case(world, probes.plan(world))
    with pytest.raises(DatabaseError):
        probes.end(run, {foreign: True})


def test_a_case_that_is_retired_stays_so_and_belongs_to_the_runs_before(world: World) -> None:
    plan = probes.plan(world)
    case = probes.case(world, plan)
    run = probes.queue(world, plan)
    with within(world.admin.scope):
        evaluations.retire_case(actor=world.admin, case=case, now=clock.now())
        with pytest.raises(errors.Conflict):
            evaluations.retire_case(actor=world.admin, case=case, now=clock.now())
        with pytest.raises(DatabaseError), transaction.atomic():
            EvaluationCase.objects.filter(id=case.id).update(retired_at=None)
    probes.end(run, {case: True})
    assert probes.again(run).passed == 1
    with pytest.raises(errors.Conflict):
        probes.queue(world, plan)


def test_changing_a_plan_keeps_what_was_asked(world: World) -> None:
    plan = probes.ready(world)
    with within(world.admin.scope):
        terms = Terms(world.key, every_hours=1, tolerance=0, is_active=False)
        changed = evaluations.set_plan(actor=world.admin, model=plan.model, terms=terms, now=clock.now())
        assert (changed.id, changed.every_hours, changed.cases.count()) == (plan.id, 1, 1)
