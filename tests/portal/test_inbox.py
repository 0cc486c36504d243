"""The inbox: what waits for whom, found again after a decision, and what is done to many requests at once."""

from __future__ import annotations

import pytest

from governance.models import ApprovalRequest, Claim, RiskTier
from governance.services import claims
from kit import clock
from kit.scoping import within
from portal import paging
from tests.portal.api.caller import Script, refusal
from tests.support.acts import ask
from tests.support.cast import Cast, Person, browser


def page(person: Person, query: str = "") -> str:
    return browser(person).get(f"/approvals/{query}").content.decode()


def chosen(*requests: ApprovalRequest) -> list[str]:
    return [f"{request.id}:{request.content_hash}" for request in requests]


def standing(acme: Cast, request: ApprovalRequest) -> str:
    with within(acme.world.system.scope):
        return ApprovalRequest.objects.get(id=request.id).status


def test_each_sees_first_what_waits_for_them(acme: Cast) -> None:
    mine, theirs = ask(acme.world, acme.alice.actor), ask(acme.world, acme.dev.actor)

    opened = page(acme.alice)
    assert theirs.model.slug in opened
    assert mine.model.slug not in opened
    assert mine.model.slug in page(acme.alice, "?tab=others")
    assert mine.model.slug in page(acme.alice, "?tab=asked")
    assert theirs.model.slug in page(acme.dev)
    assert browser(acme.alice).get("/counts/").json()["approvals"] == 1
    assert browser(acme.dev).get("/counts/").json()["approvals"] == 0


def test_a_decision_leads_on_within_the_view_it_was_made_from(acme: Cast) -> None:
    high, low = ask(acme.world, acme.dev.actor, risk_tier=RiskTier.HIGH), ask(acme.world, acme.dev.actor)
    other = ask(acme.world, acme.dev.actor)
    view = "?tab=decide&tier=1&sort=newest"
    listed = page(acme.alice, view)
    assert high.model.slug not in listed
    assert f'href="/approvals/{low.id}/?tab=decide&amp;tier=1&amp;sort=newest"' in listed

    form = {"verdict": "reject", "reason": "no", "signed_hash": other.content_hash}
    decided = browser(acme.alice).post(f"/approvals/{other.id}/decide/{view}", form)
    assert decided.headers["Location"] == f"/approvals/{low.id}/{view}"
    last = browser(acme.alice).post(f"/approvals/{low.id}/decide/{view}", {**form, "signed_hash": low.content_hash})
    assert last.headers["Location"] == f"/approvals/{view}"


def test_a_row_says_who_is_at_it(acme: Cast) -> None:
    asked = ask(acme.world, acme.dev.actor)
    with within(acme.olga.actor.scope):
        claims.claim(actor=acme.olga.actor, request=asked, now=clock.now())

    assert "Olga is at it" in page(acme.alice)
    assert "you are at it" in page(acme.olga, "?tab=claimed")
    assert "No request fits the filters" in page(acme.alice, "?claimed=nobody")


def test_what_is_no_filter_filters_nothing(acme: Cast) -> None:
    asked = ask(acme.world, acme.dev.actor)

    for query in ("?tab=x", "?tier=x", "?by=x", "?claimed=x", "?sort=x", "?page=0", "?page=999", "?model=%00"):
        answer = browser(acme.alice).get(f"/approvals/{query}")
        assert answer.status_code == 200
        assert asked.model.slug in answer.content.decode()


def test_a_long_inbox_has_pages(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ask(acme.world, acme.dev.actor), ask(acme.world, acme.dev.actor)
    monkeypatch.setattr(paging, "SIZE", 1)
    opened, after = page(acme.alice), page(acme.alice, "?page=2")

    assert first.model.slug in opened
    assert second.model.slug not in opened
    assert "1 to 1 of 2" in opened
    assert 'href="?page=2" rel="next"' in opened
    assert second.model.slug in after
    assert 'rel="next"' not in after


def test_many_are_claimed_at_once_and_what_cannot_be_is_listed(acme: Cast) -> None:
    free, own, taken = ask(acme.world, acme.dev.actor), ask(acme.world, acme.alice.actor), ask(acme.world)
    with within(acme.olga.actor.scope):
        claims.claim(actor=acme.olga.actor, request=taken, now=clock.now())
    form = {"act": "claim", "chosen": [*chosen(free, own, taken), "x:y"]}

    told = browser(acme.alice).post("/approvals/bulk/?sort=newest", form, follow=True)

    assert told.redirect_chain[0][0] == "/approvals/?sort=newest"
    text = told.content.decode()
    assert "1 request claimed by you" in text
    assert f"{own.model}: You do not decide in this stage." in text
    assert f"{taken.model}: Somebody else reviews it." in text
    with within(acme.world.system.scope):
        assert Claim.objects.filter(claimed_by=acme.alice.user).count() == 1


def test_many_are_given_back_at_once_with_a_reason_and_as_they_were_seen(acme: Cast) -> None:
    one, two, changed = (ask(acme.world, acme.dev.actor) for _ in range(3))
    picked = [*chosen(one, two), f"{changed.id}:{'0' * 64}"]

    silent = browser(acme.alice).post("/approvals/bulk/", {"act": "changes", "chosen": picked}, follow=True)
    assert "Say what is to be changed." in silent.content.decode()
    assert standing(acme, one) == "submitted"

    form = {"act": "changes", "chosen": picked, "reason": "Name the region."}
    told = browser(acme.alice).post("/approvals/bulk/", form, follow=True).content.decode()
    assert "2 requests given back" in told
    assert f"{changed.model}: " in told
    assert [standing(acme, each) for each in (one, two, changed)] == [
        "changes_requested",
        "changes_requested",
        "submitted",
    ]


def test_nothing_is_approved_by_the_dozen(acme: Cast) -> None:
    asked = ask(acme.world, acme.dev.actor)

    form = {"act": "approve", "chosen": chosen(asked), "reason": "fine"}
    assert browser(acme.alice).post("/approvals/bulk/", form).status_code == 400

    assert standing(acme, asked) == "submitted"


def test_an_open_page_is_told_how_many_are_new(acme: Cast) -> None:
    before = clock.now().isoformat()
    ask(acme.world, acme.dev.actor)

    assert browser(acme.ann).get("/counts/", {"since": before}).json()["new"] == 1
    assert browser(acme.ann).get("/counts/", {"since": clock.now().isoformat()}).json()["new"] == 0
    assert browser(acme.ann).get("/counts/", {"since": "2026-01-01"}).json()["new"] == 0


def test_scripts_read_the_same_tabs(acme: Cast) -> None:
    asked, own = ask(acme.world, acme.dev.actor, risk_tier=RiskTier.HIGH), ask(acme.world, acme.alice.actor)
    alice = Script(acme.alice)

    def seen(**query: str) -> list[str]:
        return [row["id"] for row in alice.get("approval-requests/", **query).json()["results"]]

    assert seen(tab="decide") == [str(asked.id)]
    assert seen(tab="others") == [str(own.id)]
    assert seen(tier="1") == [str(own.id)]
    assert len(seen(claimed="nobody")) == 2
    assert refusal(alice.get("approval-requests/", tab="x")) == (400, "invalid_request")
