"""Asking for an approval where there is much to choose from."""

from __future__ import annotations

from playwright.sync_api import expect

from governance.models import Model
from tests.portal.browser.axe import violations
from tests.portal.browser.conftest import Visit
from tests.support import filling
from tests.support.cast import Cast


def test_one_of_many_teams_is_found_by_its_name_and_what_is_ticked_stays_in_sight(
    acme: Cast, helper: Model, visit: Visit
) -> None:
    filling.teams(acme, 20)
    page = visit(f"/approvals/new/?model={helper.id}", acme.ada)
    page.get_by_label("Team 00007").check()

    find = page.get_by_label("Teams that may call: find")
    find.fill("team 00012")
    find.press("Enter")

    expect(page.get_by_label("Team 00012")).to_be_visible()
    expect(page.get_by_label("Team 00007")).to_be_visible()
    expect(page.get_by_label("Team 00003")).to_be_hidden()
    assert violations(page) == []
