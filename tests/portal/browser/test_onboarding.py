"""A team is onboarded: from the form to its first call, and to the model that waited for an officer."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from governance.models import Model
from kit.ids import new_id
from tests.portal.browser.axe import too_wide, violations
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import HELLO, decide
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway


def test_a_team_is_onboarded_and_calls_what_an_officer_lets_it_call(
    acme: Cast, helper: Model, upstream: str, visit: Visit, gateway: RunningGateway
) -> None:
    acme.world.serve("for-all", upstream)
    acme.world.approve(helper, teams=[acme.world.team.id])
    page = visit("/", acme.ada)
    page.get_by_role("link", name="Onboard a team").click()
    _fill(page)

    expect(page.get_by_text("officers are asked to let the team call helper")).to_be_visible()
    assert violations(page) + too_wide(page) == []
    page.get_by_role("button", name="Change something").click()
    page.get_by_label("Calls at once").fill("5")
    page.get_by_role("button", name="See what will be made").click()
    expect(page.get_by_text("5 calls at once")).to_be_visible()
    page.get_by_role("button", name="Onboard the team").click()

    secret = page.locator("#secret").inner_text()
    expect(page.get_by_text("First password of the lead")).to_be_visible()
    assert violations(page) + too_wide(page) == []
    assert _status(gateway, secret, "for-all") == 200
    assert _status(gateway, secret, "helper") == 403

    page.get_by_role("link", name="helper").click()
    page.get_by_role("heading", name="helper", exact=True).wait_for()
    decide(visit(page.url, acme.alice), "Approve", "They write letters as well.")
    assert _status(gateway, secret, "helper") == 200


def _fill(page: Page) -> None:
    page.get_by_label("Name of the team").fill("Claims")
    page.get_by_label("E-mail of its lead").fill(f"lena.{new_id().hex[-12:]}@example.com")
    page.get_by_label("Name of its lead").fill("Lena")
    page.get_by_label("Name of its first project").fill("Letters")
    page.get_by_label("Monthly budget, USD").fill("250")
    page.get_by_label("helper").check()
    page.get_by_label("What are they needed for?").fill("Letters to the insured.")
    page.get_by_role("button", name="See what will be made").click()


def _status(gateway: RunningGateway, secret: str, model: str) -> int:
    gateway.catch_up()
    headers = {"authorization": f"Bearer {secret}"}
    return gateway.post("/v1/chat/completions", headers=headers, json={**HELLO, "model": model}).status_code
