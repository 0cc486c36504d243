"""Probes are calls like any other: the gateway asks, judges and reports back, and what binds the key binds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.models import Deployment, EvaluationPlan, EvaluationRun, Model
from governance.services import suspensions
from governance.services.suspensions import Subject
from governance.tasks import keep_evaluations
from kit import clock
from kit.scoping import within
from tenants.services import allotments, api_keys
from tests.support import acts, probes
from tests.support import gateway as gateways
from tests.support.gateway import RunningGateway
from tests.support.ledger import records, settlements
from tests.support.stack import wait_for
from tests.support.world import World

SCHEMA = '{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}'
ASKED = [
    ("contains", "well", "all is well", (True, "")),
    ("contains", "well", "all is bad", (False, "not_contained")),
    ("equals", "fine", " fine ", (True, "")),
    ("equals", "fine", "fine!", (False, "not_equal")),
    ("matches", r"^\d{4}$", "2026", (True, "")),
    ("matches", r"^\d{4}$", "26", (False, "no_match")),
    ("matches", r"^(a|a)*$", "a" * 40 + "b", (False, "undecided")),  # which takes longer than the earth lasts
    ("json", SCHEMA, '```json\n{"a": 1}\n```', (True, "")),
    ("json", SCHEMA, '{"a": "1"}', (False, "schema")),
    ("json", SCHEMA, "no", (False, "not_json")),
]


@pytest.fixture(scope="module")
def probing(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    log = tmp_path_factory.mktemp("probing") / "log"
    running = gateways.start(environment, Path(log), EGRESS_ALLOWED_NETWORKS="127.0.0.0/8", RUN_PROBES="true")
    yield running
    running.stop()


def echoing(world: World, upstream: str) -> Model:
    """A model that answers with what it is asked."""
    return world.serve("helper", upstream, upstream_model="dummy+echo=1")


def stop(world: World, subject: Subject, *, cuts_calls: bool = False) -> None:
    officer = world.officer
    with within(officer.scope):
        suspensions.suspend(actor=officer, subject=subject, reason="It leaks.", now=clock.now(), cuts_calls=cuts_calls)


def ended(run: EvaluationRun) -> EvaluationRun:
    wait_for(lambda: probes.again(run).ended_at is not None, 30, "the run does not end")
    return probes.again(run)


def run_of(probing: RunningGateway, world: World, plan: EvaluationPlan) -> EvaluationRun:
    """One that has ended, under what is in force now."""
    probing.catch_up()
    return ended(probes.queue(world, plan))


def test_each_answer_is_held_against_what_is_expected(probing: RunningGateway, world: World, upstream: str) -> None:
    plan = probes.plan(world, echoing(world, upstream))
    for kind, expected, prompt, _ in ASKED:
        probes.case(world, plan, expected, kind=kind, prompt=prompt)

    run = run_of(probing, world, plan)

    assert (run.status, run.failure_code, run.cases, run.passed) == ("done", "", 10, 4)
    with within(world.admin.scope):
        found = {each.case.prompt: (each.passed, each.code) for each in run.results.select_related("case")}
    assert found == {prompt: outcome for _, _, prompt, outcome in ASKED}


def test_a_probe_is_on_record_and_paid_by_its_key_as_any_call(
    probing: RunningGateway, world: World, upstream: str
) -> None:
    run = run_of(probing, world, probes.ready(world, echoing(world, upstream)))
    with within(world.admin.scope):
        result = run.results.get()
    requested, outcome = sorted(records(world), key=lambda record: record.id)
    assert requested.id == result.request_id
    assert (outcome.kind, outcome.actor_id, outcome.team_id) == ("completed", world.key.id, world.team.id)
    assert settlements(world)[0].cost_nano_usd > 0


def test_a_model_that_answers_otherwise_than_before_drifts(
    probing: RunningGateway, world: World, upstream: str
) -> None:
    """Its first deployment goes out of service, and the second is none of the same."""
    model = echoing(world, upstream)
    with within(world.admin.scope):
        first = Deployment.objects.select_related("provider").get(model=model)
    world.deploy(model, first.provider, upstream_model="dummy+text=a", position=1)
    plan = probes.plan(world, model, tolerance=50)
    for word in ("a", "b", "c", "d"):
        probes.case(world, plan, word, prompt=word, kind="equals")
    assert run_of(probing, world, plan).passed == 4
    keep_evaluations()
    stop(world, first)

    worse = run_of(probing, world, plan)
    keep_evaluations()

    assert (worse.passed, probes.again(worse).has_drifted) == (1, True)
    assert sum(act.action == "governance.model.drifted" for act in acts.acts_of(world)) == 1


def test_what_the_key_may_not_spend_is_not_spent(probing: RunningGateway, world: World, upstream: str) -> None:
    plan = probes.ready(world, echoing(world, upstream))
    with within(world.admin.scope):
        allotments.add_budget(actor=world.admin, name="next to nothing", limit_nano_usd=1_000, now=clock.now())
    run = run_of(probing, world, plan)
    assert (run.status, run.failure_code, run.passed) == ("failed", "budget_exceeded", None)
    assert [record.kind for record in records(world)] == ["refused"]


def test_a_suspended_model_is_not_asked_and_one_that_is_asked_is_cut(
    probing: RunningGateway, world: World, upstream: str
) -> None:
    model = world.serve("helper", upstream, upstream_model="dummy+latency_ms=20000")
    plan = probes.ready(world, model)
    probing.catch_up()
    run = probes.queue(world, plan)
    wait_for(lambda: bool(records(world, "requested")), 20)
    stop(world, model, cuts_calls=True)
    assert ended(run).failure_code == "model_suspended"

    assert run_of(probing, world, plan).failure_code == "model_suspended"


def test_a_key_that_may_not_call_does_not_ask(probing: RunningGateway, world: World, upstream: str) -> None:
    model = echoing(world, upstream)
    for scopes, code in ((["models:read"], "scope_missing"), (["inference"], "revoked_api_key")):
        key, _ = world.new_key(scopes=scopes)
        plan = probes.plan(world, model, api_key=key)
        probes.case(world, plan)
        if code == "revoked_api_key":
            with within(world.admin.scope):
                api_keys.revoke(actor=world.admin, key=key, now=clock.now())
        assert run_of(probing, world, plan).failure_code == code


def test_what_a_dead_process_left_is_gone_on_with(probing: RunningGateway, world: World, upstream: str) -> None:
    plan = probes.plan(world, echoing(world, upstream))
    answered, left = (probes.case(world, plan, word, prompt=word) for word in ("first", "second"))
    probing.catch_up()
    run = probes.queue(world, plan)
    probes.take(run, {answered: False})

    run = ended(run)

    assert (run.status, run.attempts, run.passed) == ("done", 2, 1)
    with within(world.admin.scope):
        assert {each.case_id: each.passed for each in run.results.all()} == {answered.id: False, left.id: True}
