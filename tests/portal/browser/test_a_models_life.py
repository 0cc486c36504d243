"""A model's whole life by the pages: listed, evidenced, approved by two roles, called, stopped, renewed, ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from governance.models import EvidenceKind, Model, RiskTier
from governance.review import StageRule
from governance.services import review_rules
from kit import clock
from kit.scoping import within
from tenants.models import Role
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import HELLO, ask_for_helper, call, decide, send_request
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway

INVENTORY = b"kind,name,vendor,version,context_window,max_output_tokens\nmodel,helper,Somebody,1,32768,4096\n"
ENDLESS: dict[str, Any] = {**HELLO, "stream": True, "metadata": {"dummy": "tokens=250 latency_ms=10 interval_ms=200"}}
CONDITIONS = {
    "Teams that may call": "Payments",
    "Regions prompts may go to": "eu",
    "Evidence": "Letters of last year",
}
ONE_OFFICER = StageRule((Role.COMPLIANCE_OFFICER,), needed=1, due_days=3)
ONE_ADMINISTRATOR = StageRule((Role.ADMINISTRATOR,), needed=1, due_days=3)


def test_a_model_from_the_inventory_to_its_end(
    acme: Cast, upstream: str, visit: Visit, gateway: RunningGateway
) -> None:
    _two_roles_review(acme)
    helper = _take_in(acme, upstream, visit)
    _add_evaluation(visit("/evidence/new/", acme.alice), helper)

    _approved_by_two(acme, visit, ask_for_helper(visit("/approvals/new/", acme.dev), checked=CONDITIONS))
    first = call(gateway, acme)
    assert first.status_code == 200

    _stopped_and_resumed_in_mid_traffic(acme, visit, gateway)
    _renewed(acme, visit)
    renewed = call(gateway, acme)
    assert renewed.status_code == 200
    assert renewed.headers["x-chancery-approval"] != first.headers["x-chancery-approval"]
    _ended(acme, visit(f"/models/{helper.id}/life/", acme.ada), gateway)


def test_a_rejection_comes_back_to_whoever_asked_with_its_reason(acme: Cast, helper: Model, visit: Visit) -> None:
    address = ask_for_helper(visit("/approvals/new/", acme.dev))
    decide(visit(address, acme.olga), "Reject", "No agreement with the provider yet.")

    page = visit("/notices/", acme.dev)
    page.get_by_role("link", name="Your request is rejected: helper").click()

    expect(page.get_by_role("heading", name="helper", exact=True)).to_be_visible()
    expect(page.get_by_text("No agreement with the provider yet.").first).to_be_visible()


def _two_roles_review(acme: Cast) -> None:
    """Whichever tier is found; what is granted is due within the quarter."""
    olga = acme.olga.actor
    with within(olga.scope):
        for tier in RiskTier:
            review_rules.set_rule(
                actor=olga,
                risk_tier=tier,
                stages=[ONE_OFFICER, ONE_ADMINISTRATOR],
                recertify_days=60,
                evidence=[EvidenceKind.EVALUATION],
                now=clock.now(),
            )


def _take_in(acme: Cast, upstream: str, visit: Visit) -> Model:
    page = visit("/inventory/", acme.ada)
    page.get_by_label("File").set_input_files({"name": "ai.csv", "mimeType": "text/csv", "buffer": INVENTORY})
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("row").filter(has_text="helper")).to_contain_text("new")
    page.get_by_role("button", name="List all 1").click()
    page.get_by_text("Listed 1 model").wait_for()
    with within(acme.world.system.scope):
        helper = Model.objects.get(slug="helper")
    acme.world.deploy(helper, acme.world.provider(upstream))
    return helper


def _add_evaluation(page: Page, helper: Model) -> None:
    page.get_by_label("What is it about?").fill(helper.slug)
    page.get_by_label("Kind").select_option(label="Evaluation")
    page.get_by_label("Title").fill("Letters of last year")
    page.get_by_label("Metric").fill("answers a clerk would send")
    page.get_by_label("Result").select_option(label="Passed")
    page.get_by_role("button", name="Add it").click()
    page.get_by_text("Letters of last year is added.").wait_for()


def _approved_by_two(acme: Cast, visit: Visit, address: str) -> None:
    first = visit(address, acme.olga)
    first.get_by_label("Reason").fill("Evaluated on last year's letters.")
    first.get_by_role("button", name="Approve…").click()
    first.get_by_role("dialog").get_by_role("button", name="Approve", exact=True).click()
    first.get_by_text("helper is signed by you; it waits for more approvals.").wait_for()
    decide(visit(address, acme.ada), "Approve", "The region and the team are right.")


def _stopped_and_resumed_in_mid_traffic(acme: Cast, visit: Visit, gateway: RunningGateway) -> None:
    page = visit("/revocations/", acme.olga)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(_stream, gateway, acme)
        page.get_by_label("Stop every call of").select_option(label="helper")
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("Reason").fill("It answers oddly.")
        page.get_by_label("End calls that run, too").check()
        page.get_by_role("button", name="Suspend").click()
        page.get_by_text("helper is suspended.").wait_for()
        assert "model_suspended" in running.result(timeout=20)
    assert call(gateway, acme).json()["error"]["code"] == "model_suspended"

    page.get_by_role("link", name="Resume").click()
    page.get_by_label("Reason").fill("The provider has mended it.")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("resumed").first).to_be_visible()
    assert call(gateway, acme).status_code == 200


def _stream(gateway: RunningGateway, acme: Cast) -> str:
    """Everything that an endless answer said until it ended."""
    return httpx.post(f"{gateway.url}/v1/chat/completions", headers=acme.world.headers, json=ENDLESS, timeout=30).text


def _renewed(acme: Cast, visit: Visit) -> None:
    due = visit("/due/", acme.dev)
    due.get_by_role("link", name="Renew helper").click()
    expect(due.get_by_label("Payments")).to_be_checked()
    _approved_by_two(acme, visit, send_request(due, checked={"Evidence": "Letters of last year"}))


def _ended(acme: Cast, page: Page, gateway: RunningGateway) -> None:
    expect(page.get_by_role("row").filter(has_text="Payments")).to_be_visible()
    page.get_by_label("Last day on which it is called").fill("2099-06-30")
    page.get_by_label("Why").fill("Another one is better.")
    page.get_by_role("button", name="Deprecate").click()
    page.get_by_role("button", name="Take the deprecation back").wait_for()
    answer = call(gateway, acme)
    assert answer.status_code == 200
    assert "2099" in answer.headers["sunset"]
    assert answer.headers["deprecation"].startswith("@")

    page.get_by_role("button", name="Retire for good, now").click()
    expect(page.get_by_text("Calls are refused since")).to_be_visible()
    assert call(gateway, acme).json()["error"]["code"] == "model_retired"
