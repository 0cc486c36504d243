"""The weekly cost report: from the e-mail to the page of that week, and what explains the change on it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from governance.models import MailState
from kit import clock, money
from portal.mail import sending
from portal.mail.sending import send_due
from portal.spend import reports
from tests.portal import mail_server
from tests.portal.browser.conftest import Visit
from tests.support.cast import Cast
from tests.support.settled import new_call, settle_all

MONDAY = datetime(2026, 11, 16, 6, tzinfo=UTC)


def test_a_lead_opens_the_weekly_report_from_the_email(acme: Cast, visit: Visit) -> None:
    world = acme.world
    for model, days, usd in (("small", 9, 10), ("small", 2, 10), ("large", 1, 5)):
        at, cost = MONDAY - timedelta(days=days), money.from_usd(usd)
        settle_all([new_call(world, model, team=world.team, project=world.project, at=at, cost_nano_usd=cost)])
    sending.rows().filter(mail__in=["due", "digest"]).update(mail=MailState.NONE)  # of other tests
    with mail_server.running() as mail, clock.fixed(MONDAY):
        reports.tell(world.organization, MONDAY)
        send_due(MONDAY)
    [message] = [each for each in mail.to(acme.bob.user.email) if "last week" in each["Subject"]]
    link = re.search(r"https://\S+(/spend/\S+)", str(message.get_content()))
    assert link
    page = visit(link[1], acme.bob)
    expect(page.get_by_text("$15.00").first).to_be_visible()
    expect(page.get_by_role("link", name="large").first).to_be_visible()
