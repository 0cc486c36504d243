"""Probes of a model, on its pages and over the management API."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from governance.models import EvaluationCase, EvaluationPlan, EvaluationRun, Model
from governance.tasks import keep_evaluations
from kit.scoping import within
from tests.portal.api.caller import Script, refusal
from tests.support import probes
from tests.support.cast import Cast, browser

CASE = {"name": "capital", "prompt": "Of France?", "expectation": "contains", "expected": "Paris"}


def plan_of(acme: Cast, model: Model) -> EvaluationPlan:
    with within(acme.world.system.scope):
        return EvaluationPlan.objects.get(model=model)


def planned(acme: Cast, **changed: Any) -> dict[str, Any]:
    return {"api_key": str(acme.world.key.id), "every_hours": "12", "tolerance": "0", "is_active": "on", **changed}


def page_of(model: Model) -> str:
    return reverse("model-probes", args=[model.id])


def test_probes_are_planned_asked_and_retired_on_the_page_of_the_model(acme: Cast) -> None:
    model, alice = acme.world.serve("helper"), browser(acme.alice)
    assert "It was not asked yet" in alice.get(page_of(model)).content.decode()
    assert alice.post(page_of(model), planned(acme, every_hours="0")).status_code == 400
    assert alice.post(page_of(model), planned(acme)).status_code == 302
    assert (plan_of(acme, model).every_hours, plan_of(acme, model).tolerance) == (12, 0)

    bad = {**CASE, "expectation": "matches", "expected": "("}
    assert "no regular expression" in alice.post(f"{page_of(model)}add/", bad).content.decode()
    assert alice.post(f"{page_of(model)}add/", CASE).status_code == 302
    assert "Of France?" in alice.get(page_of(model)).content.decode()
    assert alice.post(f"{page_of(model)}run/").status_code == 302
    assert alice.post(f"{page_of(model)}run/").status_code == 409

    with within(acme.world.system.scope):
        case = EvaluationCase.objects.get()
    without_code = browser(acme.alice, otp=False).post(reverse("probe-retire", args=[case.id]))
    assert without_code.status_code in (302, 403)
    assert alice.post(reverse("probe-retire", args=[case.id])).status_code == 302
    assert "Nothing is asked" in alice.get(page_of(model)).content.decode()


def test_runs_are_shown_against_their_baseline_and_each_result_leads_to_its_request(acme: Cast) -> None:
    world = acme.world
    plan = probes.plan(world, world.serve("helper"), tolerance=10)
    cases = [probes.case(world, plan) for _ in range(2)]
    for outcomes in ([True, True], [True, False]):
        probes.end(probes.queue(world, plan), dict(zip(cases, outcomes, strict=True)))
        keep_evaluations()
    probes.end(probes.queue(world, plan), code="budget_exceeded")
    page = browser(acme.rob).get(page_of(plan.model)).content.decode()
    for word in ("baseline", "drift", "1 of 2", "50 %", "budget_exceeded"):
        assert word in page
    assert "Change the plan" not in page
    with within(world.system.scope):
        worse = EvaluationRun.objects.get(has_drifted=True)
        [request_id, _] = worse.results.values_list("request_id", flat=True)
    one = browser(acme.ann).get(reverse("probe-run", args=[worse.id])).content.decode()
    assert reverse("request", args=[request_id]) in one
    assert "to be recertified" in one
    elsewhere = browser(acme.rob).get(reverse("probe-run", args=[worse.id])).content.decode()
    assert reverse("request", args=[request_id]) not in elsewhere


def test_whoever_does_not_keep_the_register_changes_nothing(acme: Cast) -> None:
    plan = probes.ready(acme.world, acme.world.serve("helper"))
    for name in ("ann", "bob", "dev", "rob"):
        client = browser(getattr(acme, name))
        assert "Run now" not in client.get(page_of(plan.model)).content.decode()
        assert client.post(page_of(plan.model), planned(acme)).status_code in (400, 403)
        for act in ("add", "run"):
            assert client.post(f"{page_of(plan.model)}{act}/", CASE).status_code == 403
    with within(acme.world.system.scope):
        assert not EvaluationRun.objects.exists()


def test_the_same_acts_over_the_management_api(acme: Cast) -> None:
    model, alice = acme.world.serve("helper"), Script(acme.alice)
    body = {"model": str(model.id), "api_key": str(acme.world.key.id)}
    assert refusal(alice.post("evaluation-plans/", body)) == (403, "otp_required")
    plan = alice.post("evaluation-plans/", body, otp=True).json()
    assert (plan["every_hours"], plan["tolerance"], plan["is_active"]) == (24, 5, True)
    path = f"evaluation-plans/{plan['id']}"
    assert refusal(alice.post(f"{path}/run/"))[0] == 409
    case = alice.post("evaluation-cases/", {**CASE, "plan": plan["id"]}).json()
    run = alice.post(f"{path}/run/").json()
    assert (run["status"], run["cases"], run["passed"]) == ("queued", 1, None)
    assert refusal(alice.post(f"evaluation-cases/{case['id']}/retire/")) == (403, "otp_required")
    assert alice.post(f"evaluation-cases/{case['id']}/retire/", otp=True).json()["retired_at"]

    with within(acme.world.system.scope):
        asked, queued = EvaluationCase.objects.get(), EvaluationRun.objects.get()
    probes.end(queued, {asked: False})
    rob = Script(acme.rob)
    [result] = rob.get(f"evaluation-runs/{run['id']}/results/").json()
    assert (result["case"], result["passed"]) == (case["id"], False)
    assert rob.get(f"evaluation-runs/?plan={plan['id']}").json()["results"][0]["passed"] == 0
    assert refusal(rob.post(f"{path}/run/"))[0] == 403
