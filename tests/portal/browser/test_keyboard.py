"""Requests are looked through and decided with the keyboard alone; what is typed into a field is only text."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from governance.models import ApprovalRequest, Model
from kit.scoping import within
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import ask_for_helper
from tests.support.asked import ask
from tests.support.cast import Cast

_DIALOGS = {
    "a": "Approve helper?",
    "r": "Reject the request for helper?",
    "c": "Give helper back to the requester?",
}


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def test_j_and_k_go_through_the_rows_and_enter_opens_one(acme: Cast, visit: Visit) -> None:
    for _ in range(2):
        ask(acme.world)
    page = visit("/approvals/", acme.olga)
    rows = page.locator("[data-rows] tbody tr")
    names = [rows.nth(at).locator("strong").inner_text() for at in range(2)]

    page.keyboard.press("k")
    assert _focused(page) == names[0]
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert _focused(page) == names[1]
    page.keyboard.press("k")
    assert _focused(page) == names[0]
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1, name=names[0])).to_be_visible()


@pytest.mark.parametrize("key", _DIALOGS)
def test_a_key_opens_the_dialog_of_a_verdict_and_decides_nothing(
    acme: Cast, helper: Model, visit: Visit, key: str
) -> None:
    page = visit(ask_for_helper(visit("/approvals/new/", acme.dev)), acme.olga)

    page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_label("Reason")).to_be_focused()

    page.keyboard.insert_text("Evaluated.")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press(key)
    expect(page.get_by_role("dialog", name=_DIALOGS[key])).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    with within(acme.world.system.scope):
        assert ApprovalRequest.objects.get().is_open


def test_keys_are_letters_in_a_field_and_do_nothing_for_whoever_does_not_decide(
    acme: Cast, helper: Model, visit: Visit
) -> None:
    address = ask_for_helper(visit("/approvals/new/", acme.dev))
    page = visit(address, acme.olga)

    reason = page.get_by_label("Reason")
    reason.focus()
    for key in "jkarc?":
        page.keyboard.press(key)

    expect(reason).to_have_value("jkarc?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    watching = visit(address, acme.ann)
    for key in "arc":
        watching.keyboard.press(key)
    expect(watching.get_by_role("dialog")).to_have_count(0)


def test_a_question_mark_tells_the_keys_and_escape_goes_back(acme: Cast, visit: Visit) -> None:
    page = visit("/requests/", acme.olga)

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Search")).to_be_focused()


def test_the_first_step_into_a_page_skips_to_its_content(acme: Cast, visit: Visit) -> None:
    page = visit("/approvals/", acme.olga)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
