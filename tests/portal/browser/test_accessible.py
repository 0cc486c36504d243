"""axe finds nothing on our pages, light and dark, with something on them and empty, and they fit a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from governance.models import Model
from tests.portal.browser.axe import too_wide, violations
from tests.portal.browser.conftest import Visit
from tests.portal.browser.pages import fill, pages_of
from tests.portal.browser.steps import call
from tests.support.acts import new_use_case
from tests.support.cast import Cast, Person
from tests.support.gateway import RunningGateway


def _look(visit: Visit, person: Person, addresses: list[str]) -> str:
    """What is wrong with these pages, a line each."""
    page, found = visit("/account/", person), []
    for address in addresses:
        page.goto(address)
        found += violations(page) + too_wide(page)
    return "\n".join(found)


def test_no_page_shuts_anybody_out(acme: Cast, helper: Model, visit: Visit, gateway: RunningGateway) -> None:
    acme.world.approve(helper)
    assert call(gateway, acme).status_code == 200
    fill(acme.world)

    assert _look(visit, acme.olga, pages_of(acme.olga)) == ""
    for person in (acme.ada, acme.ann, acme.bob, acme.dev, acme.rob):
        assert _look(visit, person, ["/"]) == ""


def test_no_page_with_nothing_on_it_shuts_anybody_out(acme: Cast, visit: Visit) -> None:
    assert _look(visit, acme.ada, pages_of(acme.ada)) == ""


def test_a_long_form_with_mistakes_leads_to_each(acme: Cast, helper: Model, visit: Visit) -> None:
    acme.world.approve(helper)
    new_use_case(acme.world, team=acme.world.team)
    page = visit("/waivers/new/", acme.dev)
    page.get_by_role("button", name="Ask two others").click()

    page.get_by_role("alert").get_by_role("link", name="What is done instead?").click()

    expect(page.get_by_label("What is done instead?")).to_be_focused()
    assert violations(page) + too_wide(page) == []


@pytest.mark.parametrize("address", ["/sign-in/", "/no-such-page/"])
def test_no_page_before_signing_in_shuts_anybody_out(visit: Visit, address: str) -> None:
    page = visit(address)

    assert violations(page) + too_wide(page) == []
