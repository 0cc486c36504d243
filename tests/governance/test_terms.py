"""What the timetable does about approvals and models whose day comes, and how an approval stands until then."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

from governance import approval_state
from governance.approval_state import SOON, in_state, state_of
from governance.models import Approval, ApprovalState, Life, Model, Notice, NoticeKind
from governance.services import life, recertification, suspensions
from governance.tasks import keep_terms
from kit import clock
from kit.context import Actor
from kit.scoping import within
from tenants.models import Role
from tests.support.acts import acts_of, new_model
from tests.support.settled import settled
from tests.support.terms import approved_long_ago
from tests.support.world import World

DAY = timedelta(days=1)
NOTICED = "governance.approval.recertification_noticed"


def told(actor: Actor) -> list[str]:
    """Of what comes to its day."""
    kinds = [NoticeKind.RECERTIFICATION_DUE, NoticeKind.RECERTIFICATION_OVERDUE, NoticeKind.DEPRECATED]
    with within(actor.scope):
        own = Notice.objects.filter(person_id=actor.id, kind__in=kinds)
        return list(own.order_by("at").values_list("kind", flat=True))


def noticed(world: World) -> int:
    return sum(act.action == NOTICED for act in acts_of(world))


def due_at(approval: Approval, moment: datetime, given: int | None = None) -> int | None:
    approval.noticed_days = given
    return recertification.due_notice(approval, moment)


def test_a_notice_is_due_90_30_and_7_days_before_and_once_it_is_too_late(world: World) -> None:
    approval = world.approve(new_model(world))
    end = approval.recertify_by
    assert due_at(approval, end - timedelta(days=90, seconds=1)) is None
    assert [due_at(approval, end - timedelta(days=days)) for days in (90, 31, 30, 8, 7, 1, 0)] == [
        90,
        90,
        30,
        30,
        7,
        7,
        0,
    ]


def test_of_notices_that_were_missed_the_latest_alone_is_given(world: World) -> None:
    approval = world.approve(new_model(world))
    day = approval.recertify_by - 6 * DAY
    assert due_at(approval, day, given=90) == 7
    assert due_at(approval, day, given=7) is None
    assert due_at(approval, day, given=0) is None


def test_whoever_has_just_decided_is_not_reminded_of_the_day(world: World) -> None:
    approval = world.approve(new_model(world), expires_at=clock.now() + 20 * DAY)
    assert due_at(approval, approval.granted_at + DAY) is None
    assert due_at(approval, approval.recertify_by - 7 * DAY) == 7


def test_requester_deciders_and_leads_of_teams_that_call_are_told_once(world: World) -> None:
    approval = approved_long_ago(world)
    caller = world.person("bob", Role.TEAM_LEAD, world.team)
    other = world.person("bea", Role.TEAM_LEAD, world.new_team("other")[0])
    settled(world, approval.model.slug, team=world.team)
    for _ in range(2):
        keep_terms()
    expected = [NoticeKind.RECERTIFICATION_DUE.value]
    assert [told(each) for each in (world.admin, world.officer, caller, other)] == [expected] * 3 + [[]]
    assert noticed(world) == 1


def test_an_approval_that_is_overdue_or_renewed_is_told_of_as_such(world: World) -> None:
    approved_long_ago(world, days=366)
    renewed = approved_long_ago(world)
    world.approve(renewed.model)
    keep_terms()
    assert told(world.officer) == [NoticeKind.RECERTIFICATION_OVERDUE.value]


def test_the_timetable_retires_models_after_their_sunset(world: World, other_world: World) -> None:
    model, later = new_model(world), new_model(world)
    with within(world.officer.scope):
        for each, days in ((model, 1), (later, 3)):
            now = clock.now()
            life.deprecate(actor=world.officer, model=each, sunset_at=now + days * DAY, reason="older", now=now)
    with clock.shifted(2 * DAY):
        keep_terms()
        keep_terms()
    with within(world.system.scope):
        assert Model.objects.get(id=model.id).life == Life.RETIRED
        assert Model.objects.get(id=later.id).life == Life.DEPRECATED
    retired = [act for act in acts_of(world) if act.action == "governance.model.retired"]
    assert [(act.object_id, act.actor_kind) for act in retired] == [(model.id, "system")]


def test_leads_of_teams_that_call_are_told_of_a_deprecation(world: World) -> None:
    model = new_model(world)
    lead = world.person("bob", Role.TEAM_LEAD, world.team)
    settled(world, model.slug, team=world.team)
    now = clock.now()
    with within(world.officer.scope):
        for _ in range(2):
            life.deprecate(actor=world.officer, model=model, sunset_at=now + DAY, reason="older", now=now)
    assert told(lead) == [NoticeKind.DEPRECATED.value]


def test_an_approval_stands_in_one_way_for_a_row_and_for_a_query(world: World) -> None:
    for days, happened in product((None, 300, 365), ("", "suspended", "renewed")):
        model = new_model(world)
        approval = world.approve(model, **({"expires_at": clock.now() + days * DAY} if days else {}))
        if happened == "suspended":
            with within(world.officer.scope):
                suspensions.suspend(actor=world.officer, subject=approval, reason="x", now=clock.now())
        if happened == "renewed":
            world.approve(model)
    with within(world.officer.scope):
        rows, seen = list(Approval.objects.all()), set()
        for moment in (clock.now() + days * DAY for days in (0, 211, 276, 299, 300, 364, 365, 366)):
            for state in ApprovalState:
                expected = {row.id for row in rows if state_of(row, moment) == state}
                assert set(Approval.objects.filter(in_state(state, moment)).values_list("id", flat=True)) == expected
                seen |= {state} if expected else set()
    assert seen == set(ApprovalState)


def test_how_an_approval_stands_is_said_in_words(world: World) -> None:
    approval = world.approve(new_model(world))
    end = approval.recertify_by

    def said(moment: datetime) -> str:
        return approval_state.text(approval, moment)

    assert said(end - SOON - DAY) == "in force"
    assert said(end - 12 * DAY) == "recertification due in 12 days"
    assert said(end - DAY) == "recertification due in 1 day"
    assert said(end - timedelta(hours=1)) == "recertification due today"
    assert said(end) == "recertification overdue"
    approval.expires_at = end
    assert said(end - 12 * DAY) == "expires in 12 days"
    assert said(end) == "expired"
