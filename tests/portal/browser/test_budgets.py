"""A budget without room: a call is refused, its developer asks for more, the lead grants it, and calls run again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from governance.models import Model
from kit.scoping import within
from tenants.services import allotments
from tenants.services.allotments import Level
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import call
from tests.support.cast import Cast, Person
from tests.support.gateway import RunningGateway


def test_a_refused_call_runs_with_more_of_the_budget_until_that_is_ended(
    acme: Cast, helper: Model, visit: Visit, gateway: RunningGateway
) -> None:
    acme.world.approve(helper)
    with within(acme.world.system.scope):
        allotments.add_budget(
            actor=acme.world.system,
            name="letters",
            limit_nano_usd=1,
            level=Level.of(acme.world.team),
            now=acme.world.now,
        )
    gateway.catch_up()
    assert call(gateway, acme).status_code == 402

    asking = visit("/requests/?status=refused", acme.dev)
    _ask_from_the_refused_call(asking)
    assert call(gateway, acme).status_code == 402
    _grant(acme.bob, visit("/notices/", acme.bob, otp=False))
    gateway.catch_up()
    assert call(gateway, acme).status_code == 200

    asking.reload()
    expect(asking.get_by_text("in force", exact=True)).to_be_visible()
    asking.locator("#end-reason").fill("It was enough.")
    asking.get_by_role("button", name="End it").click()
    expect(asking.get_by_role("status").get_by_text("The budget is what it was.")).to_be_visible()
    gateway.catch_up()
    assert call(gateway, acme).status_code == 402


def _ask_from_the_refused_call(page: Page) -> None:
    page.get_by_role("row").filter(has_text="budget_exceeded").get_by_role("link").first.click()
    expect(page.get_by_text("The budget is letters")).to_be_visible()
    page.get_by_role("link", name="Ask for more").click()
    page.get_by_label("How much more, USD").fill("1")
    expect(page.get_by_label("Until")).to_have_value(re.compile("T"))
    page.get_by_label("Why is it needed?").fill("Three hundred letters are to go out today.")
    page.get_by_role("button", name="Ask for more").click()
    expect(page.get_by_text("Whoever may set the budget decides on it.")).to_be_visible()


def _grant(lead: Person, page: Page) -> None:
    """From the notice, after the code that this takes."""
    page.get_by_role("link", name="More of a budget is asked for").click()
    page.get_by_role("link", name="Give a code").click()
    page.get_by_label("One-time password").fill(lead.code())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Three hundred letters")).to_be_visible()
    page.locator("#id_reason").fill("Today only.")
    page.get_by_role("button", name="Grant").click()
    expect(page.get_by_role("status").get_by_text("The budget allows it")).to_be_visible()
