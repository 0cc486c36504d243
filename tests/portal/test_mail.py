"""E-mail of notices, by a real mail server: to whom, what it says, and never twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from django.test import override_settings

from governance.models import ApprovalRequest, MailState, Notice, NoticeKind, NoticeWay
from governance.services import notices
from kit import clock
from kit.scoping import within
from portal.mail import sending
from portal.mail.digest import last_morning, send_digests
from portal.mail.sending import send_due
from tenants.models import Membership, User
from tests.portal import mail_server
from tests.portal.mail_server import PUBLIC_URL, MailServer
from tests.support.acts import ask
from tests.support.cast import Cast, Person


@pytest.fixture
def mail() -> Iterator[MailServer]:
    sending.rows().filter(mail__in=["due", "digest"]).update(mail=MailState.NONE)  # of other tests
    with mail_server.running() as server:
        yield server


@pytest.fixture
def asked(acme: Cast, mail: MailServer) -> ApprovalRequest:
    """By Dev; Alice and Olga are told."""
    return ask(acme.world, acme.dev.actor)


def text_of(message: EmailMessage) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


def state_of(person: Person) -> list[str]:
    rows = Notice.across_tenants.using("system").filter(person=person.user)
    return list(rows.order_by("id").values_list("mail", flat=True))


def prefer(person: Person, kind: NoticeKind, way: NoticeWay) -> None:
    with within(person.actor.scope):
        notices.prefer(actor=person.actor, ways={kind: way})


def test_an_email_names_the_object_and_leads_to_its_page(acme: Cast, mail: MailServer, asked: ApprovalRequest) -> None:
    assert send_due(clock.now()) == 2

    [message] = mail.to(acme.alice.user.email)
    assert message["Subject"] == f"Chancery: For you to review: {asked.model.slug}."
    assert message["List-Unsubscribe"] == f"<{PUBLIC_URL}/notices/preferences/>"
    assert message.get_content_type() == "text/plain"
    text = text_of(message)
    assert f"{PUBLIC_URL}/approvals/{asked.id}/\n" in text
    assert asked.justification not in text
    assert mail.to(acme.dev.user.email) == []


def test_it_leaves_once(acme: Cast, mail: MailServer, asked: ApprovalRequest) -> None:
    assert [send_due(clock.now()) for _ in range(3)] == [2, 0, 0]
    assert len(mail.taken) == 2
    assert state_of(acme.alice) == ["sent"]


def test_a_worker_that_dies_over_it_sends_no_second_one(
    acme: Cast, mail: MailServer, asked: ApprovalRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """As by a signal, when the server has taken the message and nobody has written that down."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as during:
        during.setattr(sending.logger, "warning", die)
        mail.dies = True
        with pytest.raises(Killed):
            send_due(clock.now())
    mail.dies = False
    send_due(clock.now())

    assert len(mail.taken) == 2
    assert {recipient for recipient, _ in mail.taken} == {acme.alice.user.email, acme.olga.user.email}
    assert sorted([*state_of(acme.alice), *state_of(acme.olga)]) == ["handed", "sent"]


def test_it_waits_for_a_server_that_is_away(acme: Cast, mail: MailServer, asked: ApprovalRequest) -> None:
    with override_settings(EMAIL_PORT=1):
        assert send_due(clock.now()) == 0
    assert state_of(acme.alice) == ["due"]
    assert send_due(clock.now()) == 2


def test_a_server_that_says_later_is_asked_later(acme: Cast, mail: MailServer, asked: ApprovalRequest) -> None:
    mail.answers = ["451 greylisted", "451 greylisted"]
    now = clock.now()

    assert [send_due(now), send_due(now)] == [0, 0]
    assert send_due(now + timedelta(minutes=2)) == 2


def test_a_server_that_says_no_is_not_asked_again(acme: Cast, mail: MailServer, asked: ApprovalRequest) -> None:
    mail.answers = ["550 no such person", "550 no such person"]
    now = clock.now()

    assert [send_due(now), send_due(now + timedelta(hours=2))] == [0, 0]
    assert state_of(acme.alice) == ["failed"]


def test_old_news_is_not_sent(acme: Cast, mail: MailServer, asked: ApprovalRequest) -> None:
    assert send_due(clock.now() + timedelta(days=2)) == 0
    assert state_of(acme.alice) == ["none"]


def test_whoever_has_left_since_gets_nothing(acme: Cast, mail: MailServer, asked: ApprovalRequest) -> None:
    with within(acme.world.system.scope):
        Membership.objects.filter(user=acme.alice.user).delete()
        User.objects.filter(id=acme.olga.user.id).update(is_active=False)

    assert send_due(clock.now()) == 0
    assert mail.taken == []
    assert state_of(acme.alice) == ["none"]


def test_without_a_mail_server_nothing_is_tried(acme: Cast, asked: ApprovalRequest) -> None:
    with override_settings(EMAIL_HOST=""):
        assert send_due(clock.now()) == send_digests(clock.now()) == 0
    assert state_of(acme.alice) == ["due"]


def test_a_digest_has_what_was_told_until_the_morning_overdue_first(acme: Cast, mail: MailServer) -> None:
    prefer(acme.alice, NoticeKind.REVIEW_WANTED, NoticeWay.DIGEST)
    first, second = ask(acme.world, acme.dev.actor), ask(acme.world, acme.dev.actor)
    now = clock.now()
    assert send_due(now) == 2  # Olga's
    assert send_digests(last_morning(now, "UTC") + timedelta(hours=1)) == 0
    tomorrow = last_morning(now, "UTC") + timedelta(days=1, minutes=3)

    assert [send_digests(tomorrow), send_digests(tomorrow)] == [1, 0]

    [message] = mail.to(acme.alice.user.email)
    assert message["Subject"] == "Chancery: 2 notices"
    text = text_of(message)
    assert text.index(first.model.slug) < text.index(second.model.slug)
    assert first.justification not in text
    assert state_of(acme.alice) == ["sent", "sent"]


def test_what_is_overdue_by_then_comes_first(acme: Cast, mail: MailServer) -> None:
    for kind in (NoticeKind.REVIEW_WANTED, NoticeKind.COMMENTED):
        prefer(acme.alice, kind, NoticeWay.DIGEST)
    asked = ask(acme.world, acme.dev.actor)
    with within(acme.ada.actor.scope):
        notices.tell(
            organization_id=acme.world.organization.id,
            people=[acme.alice.user.id],
            kind=NoticeKind.REVIEW_OVERDUE,
            subject_kind="approval_request",
            subject_id=asked.id,
            now=clock.now(),
        )
    prefer(acme.alice, NoticeKind.REVIEW_OVERDUE, NoticeWay.DIGEST)
    Notice.across_tenants.using("system").filter(person=acme.alice.user).update(mail=MailState.DIGEST)

    send_digests(last_morning(clock.now(), "UTC") + timedelta(days=1, minutes=3))

    text = text_of(mail.to(acme.alice.user.email)[0])
    assert text.index("Overdue\n") < text.index("The review is overdue") < text.index("For you to review")


def test_what_was_read_is_in_no_digest(acme: Cast, mail: MailServer) -> None:
    prefer(acme.alice, NoticeKind.REVIEW_WANTED, NoticeWay.DIGEST)
    ask(acme.world, acme.dev.actor)
    with within(acme.alice.actor.scope):
        notices.read(actor=acme.alice.actor, now=clock.now())
    assert send_digests(last_morning(clock.now(), "UTC") + timedelta(days=1, minutes=3)) == 0


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        ("2026-03-28T07:30", "2026-03-28T07:00"),  # winter: eight in Berlin is seven in UTC
        ("2026-03-29T06:30", "2026-03-29T06:00"),  # the clocks went forward in the night
        ("2026-03-29T05:59", "2026-03-28T07:00"),
        ("2026-10-25T06:59", "2026-10-24T06:00"),  # and back
        ("2026-10-25T07:00", "2026-10-25T07:00"),
    ],
)
def test_a_morning_is_a_morning_there_whatever_the_clocks_do(now: str, morning: str) -> None:
    at, expected = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (now, morning))
    assert last_morning(at, "Europe/Berlin") == expected
