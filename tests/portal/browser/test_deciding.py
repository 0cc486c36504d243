"""From asking to a call that runs, and to one that is refused again."""

from __future__ import annotations

from playwright.sync_api import expect

from governance.models import ApprovalRequest, Model
from kit.scoping import within
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import ask_for_helper, call, decide, post
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway


def _request(acme: Cast) -> ApprovalRequest:
    with within(acme.world.system.scope):
        return ApprovalRequest.objects.get()


def test_whoever_asked_sees_why_the_buttons_are_off_and_is_refused_past_them(
    acme: Cast, helper: Model, visit: Visit
) -> None:
    page = visit("/approvals/new/", acme.alice)
    address = ask_for_helper(page)

    approve = page.get_by_role("button", name="Approve…")
    expect(approve).to_be_disabled()
    expect(approve).to_have_accessible_description("You asked for it yourself. Another compliance officer decides.")
    answer = post(page, f"{address}decide/", verdict="approve", reason="fine", signed_hash=_request(acme).content_hash)

    assert answer.status == 403
    assert "Whoever requests does not decide" in answer.text()
    assert _request(acme).status == "submitted"


def test_a_second_person_approves_the_next_call_runs_and_is_in_the_list_with_its_cost(
    acme: Cast, helper: Model, visit: Visit, gateway: RunningGateway
) -> None:
    address = ask_for_helper(visit("/approvals/new/", acme.dev), last_day="2099-06-30")
    assert call(gateway, acme).json()["error"]["code"] == "model_not_approved"
    page = visit(address, acme.olga)
    expect(page.get_by_role("cell", name="end of 30 Jun 2099")).to_be_visible()

    decide(page, "Approve", "Evaluated on last year's letters.")

    assert call(gateway, acme).status_code == 200
    page.goto("/requests/")
    row = page.get_by_role("row").filter(has_text="completed")
    expect(row).to_contain_text("helper")
    expect(row).to_contain_text("$0.00")
    row.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Cost")).to_be_visible()
    expect(page.get_by_text("Rounded up once")).to_be_visible()


def test_the_bar_to_decide_with_stays_in_the_window_and_leaves_the_page_to_be_read(
    acme: Cast, helper: Model, visit: Visit
) -> None:
    page = visit(ask_for_helper(visit("/approvals/new/", acme.dev)), acme.olga)
    bar, last = page.locator("form.decide"), page.locator(".columns section.card").last
    for width, height in ((1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("scrollTo(0, 0)")
        expect(page.get_by_role("button", name="Approve…")).to_be_in_viewport(ratio=1)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        standing, above = bar.bounding_box(), last.bounding_box()
        assert standing
        assert above
        assert standing["height"] < height / 5
        assert above["y"] + above["height"] <= standing["y"]


def test_a_request_that_was_decided_meanwhile_is_not_decided_again(acme: Cast, helper: Model, visit: Visit) -> None:
    address = ask_for_helper(visit("/approvals/new/", acme.dev))
    first, second = visit(address, acme.olga), visit(address, acme.alice)
    decide(first, "Reject", "No agreement with the provider yet.")

    second.get_by_label("Reason").fill("fine")
    second.get_by_role("button", name="Approve…").click()
    second.get_by_role("dialog").get_by_role("button", name="Approve").click()

    expect(second.get_by_role("heading", name="Changed while you were reading")).to_be_visible()
    assert _request(acme).status == "rejected"


def test_suspending_on_the_models_page_refuses_the_next_call(
    acme: Cast, helper: Model, visit: Visit, gateway: RunningGateway
) -> None:
    acme.world.approve(helper)
    assert call(gateway, acme).status_code == 200
    page = visit(f"/admin/governance/model/{helper.id}/change/", acme.olga)

    page.get_by_role("link", name="Suspend").click()
    page.get_by_label("Reason").fill("It answers oddly.")
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("helper is suspended.")).to_be_visible()

    assert call(gateway, acme).json()["error"]["code"] == "model_suspended"
