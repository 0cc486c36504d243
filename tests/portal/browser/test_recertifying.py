"""The day of an approval: those concerned are told thrice, then calls are refused by the clock alone, until somebody
renews it."""

from __future__ import annotations

import re
import time
from datetime import timedelta

from playwright.sync_api import expect

from governance.models import Approval, Model
from governance.services import approvals
from governance.services.approvals import Terms
from governance.tasks import keep_terms
from kit import clock
from kit.scoping import within
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import call, decide, refusal, send_request
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway

YEAR = timedelta(days=365)
SOON = timedelta(seconds=2)
TOLD = re.compile(r"To be recertified by \d+ \w+ \d{4}, or its calls are refused: approval of helper\.")
TOO_LATE = "Not recertified in time, so that its calls are refused: approval of helper."


def test_an_approval_is_told_of_refuses_by_itself_and_is_renewed(
    acme: Cast, helper: Model, visit: Visit, gateway: RunningGateway
) -> None:
    approval = _approved_almost_a_year_ago(acme, helper)
    _days_go_by(approval)
    page = visit("/notices/", acme.dev)
    expect(page.get_by_role("link", name=TOLD)).to_have_count(3)
    page.goto("/due/")
    expect(page.get_by_role("row").filter(has_text="helper")).to_contain_text("Recertification due")
    assert call(gateway, acme).status_code == 200

    _the_day_comes(acme, approval, gateway)
    assert refusal(gateway, acme) == "recertification_overdue"
    keep_terms()
    page.goto("/notices/")
    expect(page.get_by_role("link", name=TOO_LATE)).to_be_visible()
    page.goto("/due/")
    row = page.get_by_role("row").filter(has_text="helper")
    expect(row).to_contain_text("Recertification overdue")
    expect(row).to_contain_text("past")

    page.get_by_role("link", name="Renew helper").click()
    decide(visit(send_request(page), acme.alice), "Approve", "Looked at again.")
    assert call(gateway, acme).status_code == 200
    page.goto("/due/")
    expect(page.get_by_role("row").filter(has_text="helper")).to_have_count(0)


def _approved_almost_a_year_ago(acme: Cast, model: Model) -> Approval:
    """Its year is over in an hour. Asked for by Dev, signed by Olga."""
    dev, olga, at = acme.dev.actor, acme.olga.actor, clock.now() - YEAR + timedelta(hours=1)
    with within(dev.scope):
        request = approvals.submit(actor=dev, model=model, justification="Letters.", terms=Terms(), now=at)
    with within(olga.scope):
        granted = approvals.approve(
            actor=olga, request=request, reason="Evaluated.", signed_hash=request.content_hash, now=at
        )
    assert granted is not None
    return granted


def _days_go_by(approval: Approval) -> None:
    """The timetable runs on each of the days on which there is something to tell."""
    for days in (90, 30, 7):
        with clock.fixed(approval.recertify_by - timedelta(days=days)):
            keep_terms()


def _the_day_comes(acme: Cast, approval: Approval, gateway: RunningGateway) -> None:
    """Earlier than in an hour, as when a model has drifted; the gateway knows the day before, and then waits for
    nobody."""
    with within(acme.olga.actor.scope):
        Approval.objects.filter(id=approval.id).update(recertify_by=clock.now() + SOON)
    gateway.catch_up()
    deadline = time.monotonic() + 20
    while call(gateway, acme).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.2)
