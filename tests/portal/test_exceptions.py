"""Break glass as people use it: the pages from asking to the review, and the same over the API."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from governance.models import BreakGlass
from kit import clock
from kit.scoping import within
from tests.portal.api.caller import Script, refusal
from tests.support.acts import new_model
from tests.support.breaking_glass import ask, countersign, end, opened
from tests.support.cast import Cast, browser


def only(acme: Cast) -> BreakGlass:
    with within(acme.world.system.scope):
        return BreakGlass.objects.get()


def page(acme: Cast, name: str, address: str = "/exceptions/") -> str:
    return browser(getattr(acme, name)).get(address).content.decode()


def _badges(acme: Cast) -> dict[str, int]:
    """Beside *Exceptions*: what waits for each."""
    found = {}
    for name in ("ada", "alice", "olga", "ann", "dev"):
        link = re.search(r'<a href="/exceptions/".*?</a>', page(acme, name), re.DOTALL)
        badge = re.search(r"data-badge>(\d+)<", link[0]) if link else None
        found[name] = int(badge[1]) if badge else 0
    return found


def test_it_goes_from_asking_to_the_review_on_pages(acme: Cast) -> None:
    model = new_model(acme.world)
    form: dict[str, Any] = {"model": model.id, "team": acme.world.team.id, "max_data_class": "1", "hours": "2"}
    assert "No exception was made yet" in page(acme, "ada")

    assert browser(acme.ada).post("/exceptions/new/", {**form, "reason": " "}).status_code == 400
    asked = browser(acme.ada).post("/exceptions/new/", {**form, "reason": "The other model is down."})
    address, glass = asked.headers["Location"], only(acme)
    signed = {"reason": "I see it, too.", "signed_hash": glass.content_hash}
    assert "Others countersign and review" in page(acme, "ada", address)
    assert "Countersign and open the model" in page(acme, "alice", address)
    assert "waits for a second person" in page(acme, "olga", "/approvals/")
    assert _badges(acme) == {"ada": 0, "alice": 1, "olga": 1, "ann": 0, "dev": 0}

    assert browser(acme.ada).post(f"{address}countersign/", signed).status_code == 403
    assert browser(acme.alice).post(f"{address}countersign/", signed).status_code == 302
    assert "In force" in page(acme, "ann")
    assert "waits for you" in page(acme, "olga", "/exceptions/?tab=in_force")
    assert _badges(acme) == {"ada": 0, "alice": 0, "olga": 1, "ann": 0, "dev": 0}
    assert "waits for a review" in page(acme, "olga", "/approvals/")
    assert "Somebody else reviews" in page(acme, "alice", address)

    assert browser(acme.olga).post(f"{address}review/", {**signed, "finding": "unjustified"}).status_code == 302
    assert (only(acme).status, only(acme).finding) == ("ended", "unjustified")
    last = page(acme, "ann", address)
    assert "Found not justified" in last
    assert "The other model is down." in last
    assert "waits for a review" not in page(acme, "olga", "/approvals/")


def test_a_page_that_is_no_longer_true_signs_nothing(acme: Cast) -> None:
    glass = ask(acme.ada.actor, new_model(acme.world))
    countersign(acme.alice.actor, glass)

    late = browser(acme.olga).post(
        reverse("exception-countersign", args=[glass.id]), {"reason": "Yes.", "signed_hash": glass.content_hash}
    )
    other = browser(acme.olga).post(
        reverse("exception-review", args=[glass.id]), {"reason": "Yes.", "signed_hash": "0" * 64}
    )

    assert [answer.status_code for answer in (late, other)] == [409, 409]
    assert b"You have signed nothing" in late.content


def test_a_page_asks_for_a_one_time_password_first(acme: Cast) -> None:
    glass = ask(acme.ada.actor, new_model(acme.world))
    client = browser(acme.alice)
    with clock.shifted(timedelta(hours=2)):
        shown = client.get(reverse("exception", args=[glass.id])).content.decode()
    assert "Give a code" in shown
    assert "Countersign and open the model" not in shown


def test_it_is_ended_on_its_page_without_a_code(acme: Cast) -> None:
    glass = opened(acme.world, new_model(acme.world))
    address = reverse("exception-end", args=[glass.id])
    assert browser(acme.ann).post(address, {"reason": "Over."}).status_code == 403
    assert browser(acme.alice).post(address, {"reason": ""}).status_code == 400
    client = browser(acme.alice)
    with clock.shifted(timedelta(hours=2)):
        assert client.post(address, {"reason": "Over."}).status_code == 302
    assert only(acme).status == "ended"


@pytest.mark.parametrize("name", ["ann", "bob", "dev", "rob"])
def test_who_does_not_decide_breaks_no_glass(acme: Cast, name: str) -> None:
    person = getattr(acme, name)
    body = {"model": str(new_model(acme.world).id), "team": str(acme.world.team.id), "reason": "Just so."}
    assert refusal(Script(person).post("break-glass/", body, otp=True)) == (403, "permission_denied")
    assert browser(person).get("/exceptions/new/").status_code == 403


def test_over_the_api_it_takes_three_people_with_a_code_each(acme: Cast) -> None:
    ada, alice, olga = Script(acme.ada), Script(acme.alice), Script(acme.olga)
    body = {"model": str(new_model(acme.world).id), "reason": "The other model is down.", "hours": 1}
    assert refusal(ada.post("break-glass/", body)) == (403, "otp_required")
    assert refusal(ada.post("break-glass/", {**body, "hours": 25}, otp=True)) == (400, "invalid_request")
    made = ada.post("break-glass/", body, otp=True).json()
    assert (made["status"], made["hours"], made["team"]) == ("asked", 1, None)
    assert refusal(alice.post("break-glass/", body, otp=True)) == (409, "conflict")

    address, signed = f"break-glass/{made['id']}", {"reason": "Yes.", "signed_hash": made["content_hash"]}
    assert refusal(alice.post(f"{address}/countersign/", signed)) == (403, "otp_required")
    assert refusal(ada.post(f"{address}/countersign/", signed, otp=True)) == (403, "separation_of_duties")
    assert alice.post(f"{address}/countersign/", signed, otp=True).json()["status"] == "in_force"
    verdict = {**signed, "is_justified": True}
    assert refusal(alice.post(f"{address}/review/", verdict, otp=True)) == (403, "separation_of_duties")
    assert olga.post(f"{address}/review/", verdict, otp=True).json()["finding"] == "justified"
    assert ada.post(f"{address}/end/", {"reason": "Over."}).json()["status"] == "ended"
    kinds = [each["kind"] for each in ada.get(f"{address}/").json()["signatures"]]
    assert kinds == ["countersign", "justified", "end"]


def test_the_models_timeline_tells_of_each_step(acme: Cast) -> None:
    model = new_model(acme.world)
    end(acme.ada.actor, countersign(acme.alice.actor, ask(acme.ada.actor, model)))
    shown = page(acme, "ann", f"/history/?object={model.id}")
    for title in ("Break glass asked for", "Break glass ended"):
        assert title in shown
