"""API keys on the page that makes them."""

from __future__ import annotations

from playwright.sync_api import expect

from governance.models import Model
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import HELLO
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway


def test_a_new_keys_secret_is_shown_once_and_works_until_it_is_revoked(
    acme: Cast, helper: Model, visit: Visit, gateway: RunningGateway
) -> None:
    acme.world.approve(helper)
    page = visit("/admin/tenants/apikey/add/", acme.dev)
    page.get_by_label("Project").select_option(label="Payments / App")
    page.get_by_label("Name").fill("nightly letters")
    page.get_by_role("button", name="Save").click()

    secret = page.locator("#secret").inner_text()
    gateway.catch_up()
    page.get_by_role("button", name="Send a test request").click()
    expect(page.locator("#test-result")).to_have_text("It works. It may call helper.")
    headers = {"authorization": f"Bearer {secret}"}
    assert gateway.post("/v1/chat/completions", headers=headers, json=HELLO).status_code == 200

    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_text("nightly letters").first).to_be_visible()
    assert secret not in page.content()

    page.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke for good").click()
    expect(page.get_by_text("nightly letters is revoked.")).to_be_visible()
    assert gateway.post("/v1/chat/completions", headers=headers, json=HELLO).status_code == 401
