"""Cost reports: who is told when, once, and what the e-mail says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from governance.models import MailState, Notice, NoticeKind, NoticeWay
from governance.services import notices
from kit import clock, money
from kit.scoping import within
from portal.mail import sending
from portal.mail.sending import send_due
from portal.spend import reports
from tenants.models import Membership, Role
from tests.portal import mail_server
from tests.portal.mail_server import PUBLIC_URL, MailServer
from tests.portal.test_exceptions import page
from tests.support.cast import Cast
from tests.support.settled import new_call, settle_all

MONDAY = datetime(2026, 11, 16, 6, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    sending.rows().filter(mail__in=["due", "digest"]).update(mail=MailState.NONE)  # of other tests
    with mail_server.running() as server:
        yield server


def spent(acme: Cast, at: datetime, usd: int, model: str = "small") -> None:
    world = acme.world
    call = new_call(world, model, team=world.team, project=world.project, at=at, cost_nano_usd=money.from_usd(usd))
    settle_all([call])


def told(acme: Cast) -> list[tuple[str, str]]:
    rows = Notice.across_tenants.using("system").filter(organization=acme.world.organization)
    return sorted(rows.values_list("kind", "person__name"))


def test_leads_hear_of_their_team_and_administrators_of_the_whole_each_once(acme: Cast) -> None:
    spent(acme, MONDAY - timedelta(days=1), 1)
    for _ in range(2):
        reports.tell(acme.world.organization, MONDAY)
    assert told(acme) == [(kind, name) for kind in ("daily_costs", "weekly_costs") for name in ("Ada", "Bob")]
    reports.tell(acme.world.organization, TUESDAY)
    assert told(acme).count(("daily_costs", "Bob")) == 2
    assert told(acme).count(("weekly_costs", "Bob")) == 1


@pytest.mark.parametrize("hour", [5, 12, 23])
def test_it_is_told_in_the_morning_of_the_organisation(acme: Cast, hour: int) -> None:
    spent(acme, MONDAY - timedelta(days=1), 1)
    assert reports.tell(acme.world.organization, MONDAY.replace(hour=hour)) == 0
    acme.world.organization.time_zone = "Etc/GMT-6"  # six hours ahead
    assert reports.tell(acme.world.organization, MONDAY.replace(hour=0)) == 4


def test_nobody_is_told_of_nothing(acme: Cast) -> None:
    assert reports.tell(acme.world.organization, MONDAY) == 0


def test_the_email_says_what_was_spent_and_why(acme: Cast, mail: MailServer) -> None:
    spent(acme, MONDAY - timedelta(days=9), 10)
    spent(acme, MONDAY - timedelta(days=2), 10)
    spent(acme, MONDAY - timedelta(days=1), 5, model="large")
    with clock.fixed(MONDAY):
        reports.tell(acme.world.organization, MONDAY)
        send_due(MONDAY)
    [message] = [each for each in mail.to(acme.bob.user.email) if "last week" in each["Subject"]]
    text = str(message.get_content()).replace("\r\n", "\n")
    assert "9 November to 15 November 2026: $15.00 for 2 requests.\nBefore: $10.00 (+50 %).\n" in text
    assert "  model large: +$5.00 (100 % of it, new)\n" in text
    team = acme.world.team.id
    assert f"{PUBLIC_URL}/spend/?period=between&by=project&team={team}&since=2026-11-09&until=2026-11-15\n" in text
    assert "$15.00" in page(acme, "bob", f"/spend/?period=between&team={team}&since=2026-11-09&until=2026-11-15")


def test_whoever_wants_no_email_reads_it_on_the_page(acme: Cast, mail: MailServer) -> None:
    spent(acme, MONDAY - timedelta(days=1), 1)
    with within(acme.bob.actor.scope):
        notices.prefer(actor=acme.bob.actor, ways=dict.fromkeys(reports.KINDS, NoticeWay.PORTAL))
    with clock.fixed(MONDAY):
        reports.tell(acme.world.organization, MONDAY)
        send_due(MONDAY)
    assert mail.to(acme.bob.user.email) == []
    assert "What was spent last week" in page(acme, "bob", "/notices/")


def test_whoever_may_not_see_a_teams_spend_any_more_is_sent_no_figures(acme: Cast, mail: MailServer) -> None:
    """Leading another team is no right to see this one's."""
    spent(acme, MONDAY - timedelta(days=1), 7)
    with clock.fixed(MONDAY):
        reports.tell(acme.world.organization, MONDAY)
    other, _ = acme.world.new_team("other")
    held = Membership.across_tenants.using("system").filter(user=acme.bob.user)
    held.update(role=Role.DEVELOPER)
    Membership.across_tenants.using("system").create(
        organization=acme.world.organization, team=other, user=acme.bob.user, role=Role.TEAM_LEAD
    )
    with clock.fixed(MONDAY):
        send_due(MONDAY)
    told_by_mail = "".join(str(message.get_content()) for message in mail.to(acme.bob.user.email))
    assert "What was spent" in told_by_mail
    assert "$7.00" not in told_by_mail


def test_every_kind_of_report_is_a_notice_that_can_be_switched_off() -> None:
    assert set(reports.KINDS) <= set(NoticeKind)
