"""Claims and comments on the page of a request."""

from __future__ import annotations

import pytest

from governance.models import ApprovalRequest
from kit.scoping import within
from tenants.models import Membership
from tests.portal.api.caller import Script, refusal
from tests.support.acts import ask
from tests.support.cast import Cast, Person, browser


@pytest.fixture
def asked(acme: Cast) -> ApprovalRequest:
    return ask(acme.world, acme.dev.actor)


def page(person: Person, asked: ApprovalRequest) -> str:
    return browser(person).get(f"/approvals/{asked.id}/").content.decode()


def test_two_reviewers_see_who_is_at_it(acme: Cast, asked: ApprovalRequest) -> None:
    assert "I review this" in page(acme.alice, asked)
    assert "I review this" not in page(acme.ann, asked)

    browser(acme.alice).post(f"/approvals/{asked.id}/claim/")

    assert "You review this" in page(acme.alice, asked)
    assert "Alice reviews this" in page(acme.olga, asked)
    late = browser(acme.olga).post(f"/approvals/{asked.id}/claim/", follow=True).content.decode()
    assert "Somebody else reviews it" in late
    browser(acme.olga).post(f"/approvals/{asked.id}/claim/", {"takes_over": "1"})
    assert "Olga reviews this" in page(acme.alice, asked)
    browser(acme.olga).post(f"/approvals/{asked.id}/release/")
    assert "reviews this" not in page(acme.alice, asked)


def test_what_is_said_is_on_the_page_and_outlives_the_speakers_name(acme: Cast, asked: ApprovalRequest) -> None:
    told = {"text": "Which data?", "mention": str(acme.ann.user.id)}
    assert browser(acme.olga).post(f"/approvals/{asked.id}/comment/", told).status_code == 302

    assert "Which data?" in page(acme.dev, asked)
    assert "Olga</strong>" in page(acme.alice, asked)
    assert "A new comment" in browser(acme.ann).get("/notices/").content.decode()

    with within(acme.world.system.scope):
        Membership.objects.filter(user=acme.olga.user).delete()
    left = page(acme.alice, asked)
    assert "Which data?" in left
    assert "Olga</strong>" not in left


def test_nothing_said_is_no_comment_and_an_auditor_says_nothing(acme: Cast, asked: ApprovalRequest) -> None:
    answer = browser(acme.olga).post(f"/approvals/{asked.id}/comment/", {"text": " "}, follow=True)
    assert "A comment says something" in answer.content.decode()
    assert browser(acme.ann).post(f"/approvals/{asked.id}/comment/", {"text": "Hm."}).status_code == 403
    assert "Nobody has said anything yet" in page(acme.ann, asked)


def test_scripts_claim_and_comment(acme: Cast, asked: ApprovalRequest) -> None:
    alice, olga = Script(acme.alice), Script(acme.olga)
    body = {"request": str(asked.id)}

    made = alice.post("claims/", body).json()
    assert refusal(olga.post("claims/", body)) == (409, "conflict")
    assert olga.post("claims/", {**body, "takes_over": True}).status_code == 201
    assert alice.get(f"claims/{made['id']}/").json()["ended_at"]
    assert alice.post("comments/", {**body, "text": "Which data?"}).status_code == 201
    assert [row["text"] for row in olga.get("comments/", request=str(asked.id)).json()["results"]] == ["Which data?"]
