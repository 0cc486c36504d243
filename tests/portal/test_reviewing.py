"""Reviewing in stages on the pages: what they say before a button is pressed, and what they do after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from governance.models import ApprovalRequest, RequestStage, RiskTier
from governance.services import delegations
from kit import clock
from kit.scoping import within
from tests.support.acts import ask, draft
from tests.support.answers import entered, harmless
from tests.support.cast import Cast, Person, browser, join


def _page(person: Person, request: ApprovalRequest) -> str:
    return browser(person).get(f"/approvals/{request.id}/").content.decode()


def _decide(person: Person, request: ApprovalRequest, verdict: str = "approve", **told: str) -> Any:
    said = {"reason": "Evaluated.", "waiver": "None yet."}
    form = {"verdict": verdict, "signed_hash": request.content_hash, **said, **told}
    return browser(person).post(f"/approvals/{request.id}/decide/", form)


def _now(acme: Cast, request: ApprovalRequest) -> ApprovalRequest:
    with within(acme.world.system.scope):
        return ApprovalRequest.objects.select_related("model").get(id=request.id)


@pytest.fixture
def high(acme: Cast) -> ApprovalRequest:
    return ask(acme.world, acme.dev.actor, risk_tier=RiskTier.HIGH)


def test_the_page_says_who_may_still_sign(acme: Cast, high: ApprovalRequest) -> None:
    first = _page(acme.alice, high)
    assert "may still sign: Alice, Olga" in first
    assert "1 more of compliance officer" in first
    assert "it takes: compliance officer." in _page(acme.ada, high)

    _decide(acme.alice, high)

    second = _page(acme.ada, high)
    assert "2 more of compliance officer or administrator" in second
    assert "Ada, Olga</span>" in second
    assert "it takes:" not in second
    assert "You have decided on this already" in _page(acme.alice, high)


def test_what_stands_against_approving_is_read_before_what_follows_from_it(acme: Cast, high: ApprovalRequest) -> None:
    page = _page(acme.alice, high)
    assert "<li>Evaluation: missing.</li>" in page
    order = ("What is asked", "What stands against approving", "What follows from approving", "Stages of the review")
    places = [page.index(heading) for heading in order]
    assert places == sorted(places)


def test_three_people_sign_in_two_stages(acme: Cast, high: ApprovalRequest) -> None:
    for person in (acme.alice, acme.ada, acme.olga):
        assert _now(acme, high).status in ("submitted", "in_review")
        assert _decide(person, high).status_code == 302
    assert _now(acme, high).status == "approved"
    assert "Approved by Olga" in browser(acme.ann).get("/approvals/?tab=decided").content.decode()


def test_an_administrator_does_not_decide_in_an_officers_stage(acme: Cast, high: ApprovalRequest) -> None:
    answer = _decide(acme.ada, high)
    assert answer.status_code == 403
    assert b"This stage is decided by: compliance officer." in answer.content


def test_changes_that_are_asked_for_are_made_and_shown_beside_what_was_before(acme: Cast) -> None:
    request = ask(acme.world, acme.dev.actor, answers=harmless())
    _decide(acme.alice, request, "request_changes", reason="Say for how long.")
    assert "Say for how long." in _page(acme.dev, request)
    address = f"/approvals/{request.id}/revise/"
    assert b"letters" in browser(acme.dev).get(address).content
    assert browser(acme.bob).get(address).status_code == 302  # to what it asks, which is not his to change
    as_it_was = {"justification": "letters", "max_data_class": "1", **entered()}
    assert b"Nothing is asked for differently." in browser(acme.dev).post(address, as_it_was).content

    changed = {**as_it_was, "ends_on": "2099-06-30", **entered(autonomy="acts")}
    assert browser(acme.dev).post(address, changed).status_code == 302

    page = _page(acme.alice, request)
    assert "Changed in revision 2" in page
    assert "end of 30 Jun 2099" in page
    assert "It acts by itself" in page
    assert "of an earlier revision" in page
    stale = _decide(acme.olga, request)
    assert stale.status_code == 409
    assert b"Changed while you were reading" in stale.content
    assert _decide(acme.alice, _now(acme, request)).status_code == 302
    assert _now(acme, request).status == "approved"


def test_a_draft_is_kept_changed_and_sent(acme: Cast) -> None:
    model = acme.world.model("helper", approved=False)
    form = {"justification": "letters", "max_data_class": "1", "draft": "1", **entered()}
    kept = browser(acme.dev).post(f"/approvals/new/?model={model.id}", form).headers["Location"]
    assert b"Nobody reviews it before you send it." in browser(acme.dev).get(kept).content
    assert b"Nothing waits for a decision of yours" in browser(acme.alice).get("/approvals/").content

    form = {"justification": "letters", "max_data_class": "1", "risk_tier": "1", **entered(persons="alone")}
    browser(acme.dev).post(f"{kept}revise/", form)

    with within(acme.world.system.scope):
        sent = ApprovalRequest.objects.get()
    assert (sent.status, sent.risk_tier) == ("submitted", RiskTier.HIGH)


def test_an_unchanged_draft_is_sent_as_it_is(acme: Cast) -> None:
    request = draft(acme.world, acme.dev.actor, answers=harmless())
    form = {"justification": "letters", "max_data_class": "1", **entered()}
    browser(acme.dev).post(f"/approvals/{request.id}/revise/", form)
    assert (_now(acme, request).status, _now(acme, request).revision) == ("submitted", 1)


def test_an_officer_overrides_the_tier_and_the_reason_is_shown(acme: Cast) -> None:
    request = ask(acme.world, acme.dev.actor, answers=harmless())
    address, wanted = f"/approvals/{request.id}/tier/", {"risk_tier": "3", "reason": "The press looks at it."}
    for person, code in ((acme.ada, 403), (acme.alice, 302)):
        assert browser(person).post(address, wanted).status_code == code
    for refused in ({**wanted, "risk_tier": "x"}, {**wanted, "reason": " "}):
        assert browser(acme.alice).post(address, refused).status_code == 400
    assert "Alice made it high risk, from low" in _page(acme.ann, request)
    assert "The press looks at it." in _page(acme.ann, request)
    assert _now(acme, request).risk_tier == RiskTier.HIGH
    assert "2 of compliance officer or administrator" in _page(acme.olga, request)


def test_whoever_was_delegated_to_chooses_in_whose_place(acme: Cast) -> None:
    request, now = ask(acme.world, acme.dev.actor), clock.now()
    helper = join(acme.world, "Hal", acme.ann.role)
    with within(acme.alice.actor.scope):
        delegations.delegate(actor=acme.alice.actor, to=helper.user, starts_at=now, ends_at=now + timedelta(days=1))
    assert "In whose place" in _page(helper, request)
    assert "Your role does not decide" in _page(acme.ann, request)

    assert _decide(helper, request, in_place_of=str(acme.alice.user.id)).status_code == 302

    assert "Approved by Hal in place of Alice" in _page(acme.ann, request).replace("\n", "")


def test_the_inbox_says_how_far_it_is_and_what_is_overdue(acme: Cast, high: ApprovalRequest) -> None:
    page = browser(acme.alice).get("/approvals/").content.decode()
    assert "High" in page
    assert "stage 1, 1 missing" in page
    assert "overdue</span>" not in page
    _age(high)
    assert "overdue</span>" in browser(acme.alice).get("/approvals/?tab=overdue").content.decode()


def _age(request: ApprovalRequest) -> None:
    """As its owner, past the grants: no role of the product changes a stage."""
    stages = RequestStage.across_tenants.using("migrator").filter(request_id=request.id)
    stages.update(due_at=clock.now() - timedelta(hours=1))
