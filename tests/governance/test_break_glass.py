"""Break glass: asked for by one, countersigned by another, reviewed by a third, and over within a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from governance.models import BreakGlass, Notice, NoticeKind
from governance.services import delegations, suspensions
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tenants.models import Membership, Role, User
from tests.governance.reviewing import together
from tests.support.acts import acts_of, new_model
from tests.support.breaking_glass import (
    ask,
    countersign,
    end,
    fourth,
    fresh,
    opened,
    review,
    run_out,
    third,
)
from tests.support.world import World, without_second_factor


def now_of(world: World, glass: BreakGlass) -> BreakGlass:
    with within(world.system.scope):
        return fresh(glass)


def test_it_takes_two_and_counts_from_the_first(world: World) -> None:
    glass = ask(world.admin, new_model(world), hours=3)
    assert glass.is_waiting(clock.now())
    assert not glass.is_in_force(clock.now())
    assert glass.ends_at == glass.asked_at + timedelta(hours=3)

    in_force = countersign(world.officer, glass)

    assert in_force.is_in_force(clock.now())
    assert in_force.ends_at == glass.ends_at
    assert not in_force.is_in_force(glass.ends_at)
    acts = [act.action for act in acts_of(world) if "break_glass" in act.action]
    assert acts == ["governance.break_glass.asked", "governance.break_glass.opened"]


def test_nobody_countersigns_what_they_asked_for(world: World) -> None:
    glass = ask(world.officer, new_model(world))
    with pytest.raises(errors.Forbidden) as refusal:
        countersign(world.officer, glass)
    assert refusal.value.code == "separation_of_duties"


def test_neither_of_the_two_reviews(world: World) -> None:
    glass = opened(world, new_model(world))
    for one_of_them in (world.admin, world.officer):
        with pytest.raises(errors.Forbidden) as refusal:
            review(one_of_them, glass)
        assert refusal.value.code == "separation_of_duties"
    assert review(third(world), glass).finding == "justified"


def test_a_delegate_of_whoever_asked_signs_nothing_by_the_delegation(world: World) -> None:
    delegate, now = world.person("dora", Role.AUDITOR), clock.now()
    with within(world.admin.scope):
        to = User.objects.get(id=delegate.id)
        delegations.delegate(actor=world.admin, to=to, starts_at=now, ends_at=now + timedelta(days=1))
    glass = ask(world.admin, new_model(world))
    with pytest.raises(errors.Forbidden, match="role"):
        countersign(delegate, glass)


def _taken_away(world: World, actor: Actor) -> None:
    with within(world.system.scope):
        Membership.objects.filter(user_id=actor.id).delete()


def _deactivated(world: World, actor: Actor) -> None:
    with within(world.system.scope):
        User.objects.filter(id=actor.id).update(is_active=False)


@pytest.mark.parametrize("gone", [_taken_away, _deactivated])
def test_whoever_has_left_signs_nothing_by_a_page_still_open(world: World, gone: Any) -> None:
    glass, officer = ask(world.admin, new_model(world)), world.officer
    gone(world, officer)
    with pytest.raises(errors.Conflict):
        countersign(officer, glass)
    assert now_of(world, glass).status == "asked"


@pytest.mark.parametrize("gone", [_taken_away, _deactivated])
def test_what_somebody_asked_for_who_has_left_is_not_opened(world: World, gone: Any) -> None:
    glass = ask(third(world), new_model(world))
    gone(world, third(world))
    with pytest.raises(errors.Conflict):
        countersign(world.officer, glass)


def test_a_signature_is_on_what_was_shown_and_good_once(world: World) -> None:
    glass = ask(world.admin, new_model(world))
    with pytest.raises(errors.Conflict, match="shown"):
        countersign(world.officer, glass, signed_hash="0" * 64)
    countersign(world.officer, glass)
    with pytest.raises(errors.Conflict, match="does not wait"):
        countersign(third(world), glass)
    another = ask(world.admin, new_model(world))
    with pytest.raises(errors.Conflict, match="shown"):
        countersign(world.officer, another, signed_hash=glass.content_hash)


@pytest.mark.parametrize("hours", [0, 25])
def test_it_lasts_a_day_at_most(world: World, hours: int) -> None:
    with pytest.raises(errors.InvalidRequest, match="24 hours"):
        ask(world.admin, new_model(world), hours=hours)


def test_every_step_says_why(world: World) -> None:
    glass = ask(world.admin, new_model(world))
    with pytest.raises(errors.InvalidRequest, match="Say why"):
        countersign(world.officer, glass, reason=" ")


def test_a_finding_against_it_ends_it_at_once(world: World) -> None:
    glass = opened(world, new_model(world))
    found = review(third(world), glass, is_justified=False)
    assert (found.finding, found.status) == ("unjustified", "ended")
    assert found.ended_at
    with pytest.raises(errors.Conflict, match="nothing to review"):
        review(fourth(world), glass)


def test_a_finding_for_it_lets_it_go_on_and_frees_the_model_for_another(world: World) -> None:
    model = new_model(world)
    glass = opened(world, model)
    with pytest.raises(errors.Conflict, match="not been reviewed"):
        ask(world.officer, model)
    assert review(third(world), glass).is_in_force(clock.now())
    assert ask(world.officer, model).is_waiting(clock.now())


def test_what_ended_without_a_review_blocks_the_next_until_it_is_reviewed(world: World) -> None:
    model = new_model(world)
    glass = opened(world, model)
    run_out(glass)
    with pytest.raises(errors.Conflict, match="not been reviewed"):
        ask(world.officer, model)

    assert review(third(world), glass, is_justified=False).finding == "unjustified"

    assert ask(world.officer, model).is_waiting(clock.now())


def test_what_nobody_countersigned_in_time_blocks_nothing(world: World) -> None:
    model = new_model(world)
    late = ask(world.admin, model)
    run_out(late)
    with pytest.raises(errors.Conflict, match="does not wait"):
        countersign(world.officer, late)
    assert ask(world.admin, model).is_waiting(clock.now())
    ended = now_of(world, late)
    assert (ended.status, ended.ended_at) == ("ended", ended.ends_at)


def test_either_of_the_two_and_any_officer_end_it_and_nobody_else(world: World) -> None:
    enders = [world.admin, world.officer, third(world)]
    for ender in enders:
        glass = opened(world, new_model(world))
        with pytest.raises(errors.Forbidden, match="one of the two"):
            end(fourth(world), glass)
        assert end(without_second_factor(ender), glass).status == "ended"
        with pytest.raises(errors.Conflict, match="over"):
            end(ender, glass)


def test_what_waits_is_taken_back_and_leaves_nothing_to_review(world: World) -> None:
    glass = end(world.admin, ask(world.admin, new_model(world)))
    assert (glass.status, glass.needs_review) == ("ended", False)
    with pytest.raises(errors.Conflict, match="does not wait"):
        countersign(world.officer, glass)


def test_the_kill_switch_ends_what_was_opened_before_and_not_what_is_opened_in_spite_of_it(world: World) -> None:
    model, officer = new_model(world), world.officer
    before = opened(world, model)
    with within(officer.scope):
        suspensions.suspend(actor=officer, subject=model, reason="It leaks.", now=clock.now())
    assert now_of(world, before).status == "ended"
    review(third(world), before)

    assert opened(world, model).is_in_force(clock.now())


def test_of_two_who_countersign_at_once_one_is_told_it_changed(world: World) -> None:
    glass, first, second = ask(world.admin, new_model(world)), world.officer, third(world)
    outcomes = together(lambda: countersign(first, glass), lambda: countersign(second, glass))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["BreakGlass", "Conflict"]


def test_of_two_who_ask_at_once_one_waits(world: World) -> None:
    model, first, second = new_model(world), world.admin, world.officer
    outcomes = together(lambda: ask(first, model), lambda: ask(second, model))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["BreakGlass", "Conflict"]


def test_an_officer_of_one_team_opens_for_that_team_alone(world: World) -> None:
    theirs = world.person("tim", Role.COMPLIANCE_OFFICER, world.team)
    model = new_model(world)
    with pytest.raises(errors.Forbidden, match="own teams"):
        ask(theirs, model)
    glass = ask(theirs, model, team=world.team)
    assert countersign(world.officer, glass).team_id == world.team.id


def told(world: World, kind: NoticeKind) -> set[UUID]:
    notices = Notice.across_tenants.using("system").filter(organization_id=world.organization.id, kind=kind)
    return set(notices.values_list("person_id", flat=True))


def test_whoever_may_take_the_next_step_is_told(world: World) -> None:
    third_person, auditor = third(world), world.person("ann", Role.AUDITOR)
    glass = ask(world.admin, new_model(world))
    assert told(world, NoticeKind.GLASS_TO_SIGN) == {third_person.id}

    countersign(world.officer, glass)
    assert told(world, NoticeKind.GLASS_TO_REVIEW) == {third_person.id}
    assert auditor.id not in told(world, NoticeKind.GLASS_TO_SIGN)
