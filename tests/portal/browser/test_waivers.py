"""Waivers by the pages: a condition refuses a call, three people waive it for one use case and a while, and it refuses
again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from governance.models import Model, WaivedCondition
from kit.data_class import DataClass
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import call, refusal
from tests.support.acts import new_use_case
from tests.support.cast import Cast, Person
from tests.support.gateway import RunningGateway
from tests.support.waiving import run_out, waived

USE_CASE = "x-chancery-use-case"
LETTERS, OFFERS = {USE_CASE: "letters"}, {USE_CASE: "offers"}


def test_a_call_that_is_refused_runs_by_a_waiver_until_it_is_withdrawn(
    acme: Cast, helper: Model, visit: Visit, gateway: RunningGateway
) -> None:
    _approved_for_others(acme, helper)
    assert refusal(gateway, acme, LETTERS) == "condition_team"

    asking = visit("/requests/?status=refused", acme.dev)
    address = _ask_from_the_refused_call(asking)
    first = visit("/notices/", acme.alice, otp=False)
    _sign(acme.alice, first, "Signed. It waits for another signature.")
    assert refusal(gateway, acme, LETTERS) == "condition_team"
    _sign(acme.olga, visit("/notices/", acme.olga, otp=False), "The waiver is in force.")

    answer = call(gateway, acme, LETTERS)
    assert answer.status_code == 200
    assert address.endswith(f"/waivers/{answer.headers['x-chancery-waiver']}/")
    _is_named_by_the_request(asking, address)
    assert refusal(gateway, acme) == refusal(gateway, acme, OFFERS) == "condition_team"
    assert refusal(gateway, acme, {**LETTERS, "x-chancery-data-class": "confidential"}) == "condition_data_class"

    _withdraw(first)
    assert refusal(gateway, acme, LETTERS) == "condition_team"
    asking.goto("/notices/")
    expect(asking.get_by_role("link", name="Ended before its time: waiver of the team for letters.")).to_be_visible()


def test_a_waiver_whose_days_are_over_lets_nothing_through(
    acme: Cast, helper: Model, visit: Visit, gateway: RunningGateway
) -> None:
    approval = acme.world.approve(helper, regions=["us"])
    letters = new_use_case(acme.world, slug="letters")
    waiver = waived(acme.world, approval, letters, WaivedCondition.REGION)
    page = visit("/exceptions/", acme.ann)
    expect(page.get_by_role("row").filter(has_text="Region of the deployment")).to_contain_text("letters")
    assert call(gateway, acme, LETTERS).status_code == 200

    run_out(waiver)

    assert refusal(gateway, acme, LETTERS) == "condition_region"
    page.goto("/exceptions/?tab=ended")
    page.get_by_role("link", name="helper").click()
    expect(page.get_by_text("ended", exact=True)).to_be_visible()
    expect(page.get_by_text("the approval says: us")).to_be_visible()


def _approved_for_others(acme: Cast, model: Model) -> None:
    """For another team than the one that calls, and for internal data; it calls for two use cases."""
    research, _ = acme.world.new_team("research")
    acme.world.approve(model, teams=[research.id], max_data_class=DataClass.INTERNAL)
    for slug in ("letters", "offers"):
        new_use_case(acme.world, slug=slug, team=acme.world.team)


def _ask_from_the_refused_call(page: Page) -> str:
    page.get_by_role("row").filter(has_text="condition_team").get_by_role("link").first.click()
    expect(page.get_by_text("The approval does not include the caller's team.")).to_be_visible()
    page.get_by_role("link", name="Ask for a waiver").click()
    expect(page.get_by_label("Use case")).to_have_value(re.compile("."))
    expect(page.get_by_label("Condition")).to_have_value("team")
    page.get_by_label("Days").fill("30")
    page.get_by_label("What is done instead?").fill("A clerk reads every letter.")
    page.get_by_label("Why is it needed?").fill("The review for this team is in a month.")
    page.get_by_role("button", name="Ask two others").click()
    page.get_by_role("heading", name="Waiver for letters").wait_for()
    expect(page.get_by_role("button", name="Sign", exact=True)).to_have_count(0)
    return page.url


def _sign(person: Person, page: Page, done: str) -> None:
    """From the notice, after the code that this takes."""
    page.get_by_label("One-time password").fill(person.code())
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="waiver of the team for letters").click()
    expect(page.get_by_text("A clerk reads every letter.")).to_be_visible()
    page.locator("#id_reason").fill("I have read it.")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("status").get_by_text(done)).to_be_visible()


def _is_named_by_the_request(page: Page, address: str) -> None:
    page.goto("/requests/?status=completed")
    page.locator("[data-rows] tbody").get_by_role("link").first.click()
    page.get_by_role("link", name="of the team").click()
    page.wait_for_url(address)
    expect(page.get_by_text("in force").first).to_be_visible()


def _withdraw(page: Page) -> None:
    page.locator("#end-reason").fill("The clerk is away.")
    page.get_by_role("button", name="End the waiver").click()
    page.get_by_text("The waiver has ended.").wait_for()
