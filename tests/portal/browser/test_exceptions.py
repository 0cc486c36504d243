"""Break glass by the pages: two people open a model, calls run, a third says whether rightly."""

from __future__ import annotations

from playwright.sync_api import expect

from governance.models import Model
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import call
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway


def test_two_people_open_a_model_it_is_called_and_a_third_reviews(
    acme: Cast, helper: Model, visit: Visit, gateway: RunningGateway
) -> None:
    asking = visit("/exceptions/new/", acme.ada)
    asking.get_by_label("Model").select_option(label="helper")
    asking.get_by_label("What is the emergency?").fill("The other model is down, letters are due tonight.")
    asking.get_by_role("button", name="Ask a second person").click()
    expect(asking.get_by_text("Others countersign and review")).to_be_visible()
    assert call(gateway, acme).json()["error"]["code"] == "model_not_approved"

    signing = visit("/notices/", acme.alice)
    signing.get_by_role("link", name="break glass for helper").click()
    signing.locator("#id_reason").fill("The letters cannot wait.")
    signing.get_by_role("button", name="Countersign and open the model").click()
    expect(signing.get_by_text("in force").first).to_be_visible()
    assert call(gateway, acme).status_code == 200

    reviewing = visit(signing.url, acme.olga)
    reviewing.locator("#id_reason").fill("Nothing else would have met the day.")
    reviewing.get_by_role("button", name="Justified", exact=True).click()
    expect(reviewing.get_by_text("Found justified")).to_be_visible()
    reviewing.locator("#end-reason").fill("The other model answers again.")
    reviewing.get_by_role("button", name="Shut the model").click()
    expect(reviewing.get_by_text("ended").first).to_be_visible()
    assert call(gateway, acme).json()["error"]["code"] == "model_not_approved"
