"""The pages of risk: the questions of the ask form, what followed on the decision page, rules and questionnaires."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from governance.models import ApprovalRequest, Questionnaire, ReviewRule
from governance.questionnaire import SHIPPED
from governance.services import questionnaires
from kit import clock
from kit.scoping import within
from tests.portal.api.caller import Script, refusal
from tests.support.answers import defined, entered, harmless
from tests.support.asked import ask, new_model
from tests.support.cast import Cast, Person, browser


@pytest.fixture
def version(acme: Cast) -> Questionnaire:
    with within(acme.alice.actor.scope):
        return questionnaires.set_version(actor=acme.alice.actor, definition=defined(), now=clock.now())


def page(person: Person, address: str) -> str:
    answer = browser(person).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def rule(*stages: dict[str, Any], **told: Any) -> dict[str, Any]:
    """As the form sends it."""
    rows = {f"form-{place}-{name}": value for place, each in enumerate(stages) for name, value in each.items()}
    return {
        "form-TOTAL_FORMS": len(stages),
        "form-INITIAL_FORMS": 0,
        "evidence": [],
        "recertify_days": "",
        **rows,
        **told,
    }


def stage(*roles: str, needed: int = 1) -> dict[str, Any]:
    return {"roles": list(roles), "needed": needed, "due_days": 3}


def test_whoever_asks_answers_every_question_and_states_no_tier(acme: Cast) -> None:
    address = f"/approvals/new/?model={new_model(acme.world).id}"
    form = page(acme.dev, address)
    for question in SHIPPED.questions:
        assert f'name="answer-{question.name}"' in form
    assert "risk_tier" not in form
    conditions = {"justification": "letters", "max_data_class": "1", "risk_tier": "1", "computed_tier": "1"}
    unanswered = entered()
    del unanswered["answer-oversight"]
    refused = browser(acme.dev).post(address, {**conditions, **unanswered})
    assert "This field is required." in refused.content.decode()
    asked = browser(acme.dev).post(address, {**conditions, **entered(persons="alone", own_training=True)})
    with within(acme.world.system.scope):
        made = ApprovalRequest.objects.get()
    assert (made.risk_tier, made.computed_tier, made.answers) == (3, 3, harmless(persons="alone", own_training=True))
    shown = page(acme.alice, asked.headers["Location"])
    assert "This alone makes it high: Does it decide about people?" in shown
    assert "The shipped questionnaire" in shown


def test_the_form_begins_with_what_was_last_answered_for_the_model(acme: Cast) -> None:
    model = new_model(acme.world)
    ask(acme.world, acme.dev.actor, model=model, answers=harmless(remarks="For the press", exposure="public"))
    form = page(acme.bob, f"/approvals/new/?model={model.id}")
    assert "For the press" in form
    assert any("checked" in each for each in re.findall(r'<input[^>]*value="public"[^>]*>', form))


def test_an_officer_sets_a_rule_by_the_form(acme: Cast) -> None:
    assert "as shipped" in page(acme.rob, "/review-rules/")
    wanted = rule(stage("compliance_officer", needed=2), stage(), evidence=["contract"], recertify_days="90")
    for person, code in ((acme.ada, 403), (acme.alice, 302)):
        assert browser(person).post("/review-rules/2/", wanted).status_code == code
    with within(acme.world.system.scope):
        made = ReviewRule.objects.get()
    assert (made.risk_tier, made.evidence, made.recertify_days, len(made.stages)) == (2, ["contract"], 90, 1)
    assert "2 of compliance officer, within 3 days" in page(acme.rob, "/review-rules/")
    assert browser(acme.alice).post("/review-rules/2/", rule(stage())).status_code == 400
    assert browser(acme.alice).get("/review-rules/9/").status_code == 404


def test_a_version_is_set_by_the_form_and_shown_with_what_it_changed(acme: Cast) -> None:
    assert "&quot;medium_from&quot;: 8" in page(acme.alice, "/questionnaires/new/")
    harder = {"definition": json.dumps({**SHIPPED.as_json(), "high_from": 12})}
    assert browser(acme.ada).post("/questionnaires/new/", harder).status_code == 403
    made = browser(acme.alice).post("/questionnaires/new/", harder)
    shown = page(acme.rob, made.headers["Location"])
    assert "High begins at 12 points instead of 18" in shown
    assert "Questionnaire 1" in page(acme.rob, "/review-rules/")
    assert "Who watches over it in operation?" in page(acme.rob, "/questionnaires/shipped/")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "This is no JSON."),
        ("[]", "Invalid data."),
        ("{}", "schema: This field is required."),
        (json.dumps({**defined().as_json(), "high_from": 99}), "high_from: No answers reach the high tier."),
        (json.dumps({**defined().as_json(), "points": {"acts": {"true": "many"}}}), "points: A valid integer"),
    ],
)
def test_what_is_no_questionnaire_is_refused_in_words(acme: Cast, written: str, said: str) -> None:
    answer = browser(acme.alice).post("/questionnaires/new/", {"definition": written})
    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_answers_are_given_over_the_api_and_named_by_their_path(acme: Cast, version: Questionnaire) -> None:
    dev, body = Script(acme.dev), {"model": str(new_model(acme.world).id), "justification": "letters"}
    assert dev.get("questionnaires/in-force/").json()["id"] == str(version.id)
    refused = dev.post("approval-requests/", {**body, "answers": {"acts": "perhaps", "calls": 1}})
    assert refusal(refused)[0] == 400
    assert "answers.acts" in refused.content.decode()
    assert "perhaps" not in refused.content.decode()
    stated = {"risk_tier": "low", "computed_tier": "low", "questionnaire": None}
    asked = dev.post("approval-requests/", {**body, **stated, "answers": {"acts": True, "calls": 1}}).json()
    assert (asked["risk_tier"], asked["computed_tier"], asked["questionnaire"]) == ("high", "high", str(version.id))
    path = f"approval-requests/{asked['id']}"
    assert refusal(Script(acme.olga).post(f"{path}/override-tier/", {"risk_tier": "low"}, otp=True))[0] == 400
    lowered = (
        Script(acme.olga).post(f"{path}/override-tier/", {"risk_tier": "low", "reason": "a pilot"}, otp=True).json()
    )
    assert (lowered["risk_tier"], lowered["overrides"][0]["reason"]) == ("low", "a pilot")


def test_versions_are_set_over_the_api_by_officers_with_a_code(acme: Cast) -> None:
    body = defined().as_json()
    assert refusal(Script(acme.olga).post("questionnaires/", body)) == (403, "otp_required")
    assert refusal(Script(acme.ada).post("questionnaires/", body, otp=True)) == (403, "permission_denied")
    assert Script(acme.olga).post("questionnaires/", body, otp=True).json()["number"] == 1
    refused = Script(acme.olga).post("questionnaires/", {**body, "schema": {"type": "array"}}, otp=True)
    assert refusal(refused)[0] == 400
