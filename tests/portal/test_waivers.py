"""Waivers as people use them: the pages from asking to the end, and the same over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from governance.models import WaivedCondition, Waiver
from kit.data_class import DataClass
from kit.scoping import within
from tests.portal.api.caller import Script, refusal
from tests.portal.test_exceptions import page
from tests.support.acts import granted, new_model, new_use_case
from tests.support.cast import Cast, browser
from tests.support.waiving import ask


def only(acme: Cast) -> Waiver:
    with within(acme.world.system.scope):
        return Waiver.objects.select_related("approval__model").get()


def form(acme: Cast) -> dict[str, Any]:
    return {
        "approval": str(granted(acme.world).id),
        "use_case": str(new_use_case(acme.world).id),
        "condition": "recertification",
        "days": "30",
        "compensating_control": "Everything is read by a person.",
        "reason": "The audit is in a month.",
    }


def test_it_goes_from_asking_to_the_end_on_pages(acme: Cast) -> None:
    entered = form(acme)
    assert browser(acme.ada).post("/waivers/new/", {**entered, "compensating_control": " "}).status_code == 400
    asked = browser(acme.ada).post("/waivers/new/", entered)
    address, waiver = asked.headers["Location"], only(acme)
    signed = {"reason": "I have read it.", "signed_hash": waiver.content_hash}
    assert "Two others sign" in page(acme, "ada", address)
    assert "waits for you" in page(acme, "alice")
    assert "waits for you" not in page(acme, "ada")

    assert browser(acme.ada).post(f"{address}sign/", signed).status_code == 403
    stale = browser(acme.olga).post(f"{address}sign/", {**signed, "signed_hash": "0" * 64})
    assert (stale.status_code, b"You have signed nothing" in stale.content) == (409, True)
    assert browser(acme.alice).post(f"{address}sign/", signed).status_code == 302
    assert "You have signed" in page(acme, "alice", address)
    assert browser(acme.olga).post(f"{address}sign/", signed).status_code == 302

    shown = page(acme, "ann", "/exceptions/?tab=in_force")
    assert str(waiver.approval.model) in shown
    assert "Everything is read by a person." in page(acme, "ann", address)
    assert "Waiver ends" in page(acme, "ann", "/due/")
    assert browser(acme.ann).post(f"{address}end/", {"reason": "Over."}).status_code == 403
    assert browser(acme.ada).post(f"{address}end/", {"reason": "Over."}).status_code == 302
    assert only(acme).status == "ended"
    assert str(waiver.approval.model) in page(acme, "ann", "/exceptions/?tab=ended")


def test_over_the_api_it_takes_three_people_and_two_codes(acme: Cast) -> None:
    ada, alice, olga = Script(acme.ada), Script(acme.alice), Script(acme.olga)
    body = form(acme)
    assert refusal(ada.post("waivers/", {**body, "days": 181})) == (400, "invalid_request")
    assert refusal(ada.post("waivers/", {**body, "condition": "suspension"})) == (400, "invalid_request")
    made = ada.post("waivers/", body).json()
    assert (made["status"], made["days"], made["max_data_class"]) == ("asked", 30, None)
    assert refusal(olga.post("waivers/", body)) == (409, "conflict")

    address, signed = f"waivers/{made['id']}", {"reason": "Yes.", "signed_hash": made["content_hash"]}
    assert refusal(alice.post(f"{address}/sign/", signed)) == (403, "otp_required")
    assert refusal(ada.post(f"{address}/sign/", signed, otp=True)) == (403, "separation_of_duties")
    assert alice.post(f"{address}/sign/", signed, otp=True).json()["status"] == "asked"
    assert refusal(alice.post(f"{address}/sign/", signed, otp=True)) == (409, "review_closed")
    assert olga.post(f"{address}/sign/", signed, otp=True).json()["status"] == "in_force"
    assert ada.post(f"{address}/end/", {"reason": "Over."}).json()["status"] == "ended"
    assert [each["kind"] for each in ada.get(f"{address}/").json()["signatures"]] == ["sign", "sign", "end"]


@pytest.mark.parametrize("name", ["ann", "rob"])
def test_who_asks_for_no_approval_asks_for_no_waiver(acme: Cast, name: str) -> None:
    person = getattr(acme, name)
    assert refusal(Script(person).post("waivers/", form(acme))) == (403, "permission_denied")
    assert browser(person).get(reverse("waiver-ask")).status_code == 403


def test_what_is_refused_is_said_at_its_field(acme: Cast) -> None:
    answer = browser(acme.ada).post("/waivers/new/", {**form(acme), "condition": "region"})
    assert answer.status_code == 400
    at_the_field = answer.content.decode().partition('id="id_condition_error"')[2].partition("</ul>")[0]
    assert "That condition does not stand in the way of the use case." in at_the_field


def test_what_must_be_there_first_is_said_in_place_of_an_empty_form(acme: Cast) -> None:
    assert "No model is approved yet" in page(acme, "dev", "/waivers/new/")
    granted(acme.world)
    new_use_case(acme.world, team=acme.world.new_team("research")[0])
    assert "No use case that you may ask for is registered yet" in page(acme, "dev", "/waivers/new/")
    new_use_case(acme.world, team=acme.world.team)
    assert "Ask two others" in page(acme, "dev", "/waivers/new/")


@pytest.mark.parametrize("condition", WaivedCondition)
def test_whoever_signs_reads_what_the_approval_says(acme: Cast, condition: WaivedCondition) -> None:
    world, model = acme.world, new_model(acme.world)
    deployment = world.deploy(model, world.provider())
    named: dict[str, Any] = {
        "teams": [world.team.id],
        "use_cases": [new_use_case(world, slug="verdicts").id],
        "caller_regions": ["us"],
        "regions": ["eu"],
        "deployments": [deployment.id],
        "max_data_class": DataClass.INTERNAL,
    }
    says = {
        "team": "Payments",
        "use_case": "verdicts",
        "caller_region": "us",
        "region": "eu",
        "deployments": f"dummy at {deployment.provider} (eu)",
        "data_class": "up to internal",
        "recertification": "to be recertified by",
    }
    up_to = {"max_data_class": DataClass.RESTRICTED} if condition == WaivedCondition.DATA_CLASS else {}
    waiver = ask(world.admin, world.approve(model, **named), new_use_case(world), condition, **up_to)

    shown = page(acme, "ann", reverse("waiver", args=[waiver.id]))

    assert f"the approval says: {says[condition]}" in shown


def test_somebody_with_a_role_in_a_team_is_offered_what_the_team_does(acme: Cast) -> None:
    granted(acme.world)
    new_use_case(acme.world, slug="of-all")
    new_use_case(acme.world, slug="of-payments", team=acme.world.team)
    offered = page(acme, "bob", "/waivers/new/")
    assert "of-payments" in offered
    assert "of-all" not in offered
    assert "whose role is not bound to teams" in offered
    assert "of-all" in page(acme, "ada", "/waivers/new/")
