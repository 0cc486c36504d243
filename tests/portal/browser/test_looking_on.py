"""Pages of those who watch: they follow what happens, and offer an auditor nothing to do."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from governance.models import Model
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import ask_for_helper, post
from tests.support.cast import Cast

# Fields without a name for those who do not see them.
_NAMELESS = """
() => [...document.querySelectorAll("main input:not([type=hidden]), main select, main textarea, [role=search] input")]
  .filter((field) => !field.labels?.length && !field.ariaLabel).map((field) => field.outerHTML)
"""


def _is_live(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("data-live", "live")


def test_a_request_appears_on_open_pages_by_itself(acme: Cast, helper: Model, visit: Visit) -> None:
    watching, deciding = visit("/requests/", acme.alice), visit("/approvals/", acme.olga)
    badge = watching.get_by_role("link", name="Approvals").locator("[data-badge]")
    _is_live(watching)
    _is_live(deciding)
    expect(badge).to_have_count(0)
    expect(deciding.get_by_role("button", name="Changed – reload")).to_be_hidden()

    ask_for_helper(visit("/approvals/new/", acme.dev))

    expect(badge).to_have_text("1")
    deciding.get_by_role("button", name="1 new – show").click()
    expect(deciding.get_by_role("row").filter(has_text="helper")).to_be_visible()


def test_an_auditor_reads_everything_and_can_do_nothing(acme: Cast, helper: Model, visit: Visit) -> None:
    address = ask_for_helper(visit("/approvals/new/", acme.dev))
    page = visit("/approvals/", acme.ann)
    expect(page.get_by_role("link", name="Ask for an approval")).to_have_count(0)

    page.get_by_role("link", name="helper").click()
    expect(page.get_by_role("button", name="Reject…")).to_be_disabled()
    expect(page.get_by_text("Your role does not decide; a compliance officer does.")).to_be_visible()
    assert post(page, f"{address}decide/", verdict="reject", reason="no", signed_hash="0").status == 403
    assert post(page, f"{address}withdraw/").status == 403

    page.goto("/acts/")
    row = page.get_by_role("row").filter(has_text="Approval asked for")
    expect(row).to_contain_text("Dev")
    expect(row.get_by_role("link", name="helper", exact=True).first).to_be_visible()

    row.get_by_role("link", name="its history").click()
    step = page.get_by_role("listitem").filter(has_text="Approval asked for")
    expect(step).to_contain_text("by Dev")
    expect(step).to_contain_text("from 127.0.0.1 · request 0")
    expect(step.get_by_role("row").filter(has_text="status")).to_contain_text("submitted")

    page.goto(f"/admin/governance/model/{helper.id}/change/")
    expect(page.get_by_text("Max output tokens")).to_be_visible()
    expect(page.get_by_role("link", name="Suspend")).to_have_count(0)


def test_fields_have_names_for_those_who_do_not_see_them(acme: Cast, helper: Model, visit: Visit) -> None:
    asking = visit("/approvals/new/", acme.dev)
    address = ask_for_helper(asking)
    page = visit("/", acme.olga)

    for where in (address, "/requests/", "/acts/", "/account/", f"/approvals/new/?model={helper.id}", "/budgets/"):
        page.goto(where)
        assert page.evaluate(_NAMELESS) == []
        assert page.locator("h1").count() == 1
