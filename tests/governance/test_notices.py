"""Who is told of what, once, and who reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import DatabaseError, connection, transaction

from governance.models import Notice, NoticeKind, NoticeWay
from governance.services import notices
from kit import clock
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tenants.models import Membership, Role, User
from tests.support.world import World, build


def tell(world: World, *people: Actor, **named: object) -> int:
    """Of a request, unless told otherwise, by the administrator."""
    admin = world.admin
    about = {"kind": NoticeKind.REVIEW_WANTED, "subject_kind": "approval_request", "subject_id": new_id(), **named}
    with within(admin.scope):
        return notices.tell(
            organization_id=world.organization.id,
            people=[person.id for person in people],
            now=clock.now(),
            **about,  # type: ignore[arg-type]
        )


def told(actor: Actor) -> list[str]:
    with within(actor.scope):
        return list(Notice.objects.values_list("kind", flat=True))


def test_each_person_reads_their_own(world: World) -> None:
    auditor = world.person("ann", Role.AUDITOR)

    assert tell(world, world.officer, auditor) == 2

    assert told(world.officer) == told(auditor) == ["review_wanted"]
    assert told(world.admin) == []


def test_what_is_said_again_changes_nothing(world: World) -> None:
    assert tell(world, world.officer, once="stage:1") == 1
    assert tell(world, world.officer, world.person("ann", Role.AUDITOR), once="stage:1") == 1
    assert tell(world, world.officer, once="stage:2") == 1
    assert told(world.officer) == ["review_wanted", "review_wanted"]


def test_whoever_has_left_or_is_not_active_is_not_told(world: World) -> None:
    gone, asleep, officer = world.person("ann", Role.AUDITOR), world.person("zed", Role.AUDITOR), world.officer
    with within(world.system.scope):
        Membership.objects.filter(user_id=gone.id).delete()
        User.objects.filter(id=asleep.id).update(is_active=False)

    assert tell(world, gone, asleep, officer) == 1


def test_nobody_of_another_organisation_is_told(world: World) -> None:
    stranger = build().officer

    assert tell(world, stranger) == 0
    assert told(stranger) == []


def test_the_portal_tells_nobody_in_another_organisations_name(world: World) -> None:
    elsewhere = build()
    officer = elsewhere.officer
    with within(world.admin.scope), pytest.raises(DatabaseError, match="entered organisation"), transaction.atomic():
        notices.tell(
            organization_id=elsewhere.organization.id,
            people=[officer.id],
            kind=NoticeKind.COMMENTED,
            subject_kind="approval_request",
            subject_id=new_id(),
            now=clock.now(),
        )


def test_whoever_may_not_see_the_subject_is_not_told_of_it(world: World) -> None:
    reader = world.person("rob", Role.READ_ONLY, world.team)

    assert tell(world, reader, subject_kind="api_key", subject_id=world.key.id) == 0
    assert tell(world, reader) == 1


def test_a_team_hears_of_what_concerns_it(world: World) -> None:
    other, _ = world.new_team("research")
    ours, theirs = world.person("bob", Role.TEAM_LEAD, world.team), world.person("bea", Role.TEAM_LEAD, other)

    assert tell(world, ours, theirs, world.officer, teams=[world.team.id]) == 2

    assert told(theirs) == []


def test_a_notice_is_gone_with_what_it_tells_of(world: World) -> None:
    officer, admin = world.officer, world.admin
    with within(admin.scope):
        notices.tell(
            organization_id=world.organization.id,
            people=[officer.id],
            kind=NoticeKind.COMMENTED,
            subject_kind="approval_request",
            subject_id=new_id(),
            now=clock.now(),
        )
        transaction.set_rollback(True)
    assert told(officer) == []


def test_no_row_is_put_in_by_hand(world: World) -> None:
    officer = world.officer
    with within(officer.scope), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Notice.objects.create(
            organization=world.organization,
            person_id=officer.id,
            kind="commented",
            subject_kind="approval_request",
            subject_id=new_id(),
            at=clock.now(),
        )


def test_what_is_read_is_counted_no_more(world: World) -> None:
    officer, admin = world.officer, world.admin
    tell(world, officer, admin)
    tell(world, officer)
    with within(officer.scope):
        first, *_ = Notice.objects.all()
        assert notices.unread_of(officer) == 2
        assert notices.read(actor=officer, notices=[first.id], now=clock.now()) == 1
        assert notices.read(actor=officer, notices=[first.id], now=clock.now()) == 0
        assert notices.read(actor=officer, now=clock.now()) == 1
        assert notices.unread_of(officer) == 0
    with within(admin.scope):
        assert notices.unread_of(admin) == 1


def test_nobody_reads_them_away_for_somebody_else(world: World) -> None:
    officer, admin = world.officer, world.admin
    tell(world, officer)
    with within(admin.scope), connection.cursor() as cursor:
        cursor.execute("UPDATE governance_notice SET read_at = now()")
        assert cursor.rowcount == 0
        assert notices.read(actor=replace(admin, id=officer.id), now=clock.now()) == 0


@pytest.mark.parametrize(
    ("way", "mail"), [(NoticeWay.PORTAL, "none"), (NoticeWay.DIGEST, "digest"), (NoticeWay.MAIL, "due")]
)
def test_how_somebody_is_told_is_theirs_to_choose(world: World, way: NoticeWay, mail: str) -> None:
    officer = world.officer
    with within(officer.scope):
        assert notices.ways_of(officer)[NoticeKind.REVIEW_WANTED] == NoticeWay.MAIL
        notices.prefer(actor=officer, ways={NoticeKind.REVIEW_WANTED: NoticeWay.PORTAL})
        notices.prefer(actor=officer, ways={NoticeKind.REVIEW_WANTED: way})
        assert notices.ways_of(officer)[NoticeKind.REVIEW_WANTED] == way
    tell(world, officer)
    with within(officer.scope):
        assert Notice.objects.get().mail == mail
