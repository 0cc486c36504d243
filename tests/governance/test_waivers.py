"""Waivers: asked for by one, signed by two others, of whom one is an officer, and over with what they hang by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from governance.models import Approval, Notice, NoticeKind, UseCase, WaivedCondition, Waiver
from governance.services import delegations, life, use_cases
from kit import clock, errors
from kit.context import Actor
from kit.data_class import DataClass
from kit.scoping import within
from tenants.models import Membership, Role, User
from tests.governance.reviewing import together
from tests.support.acts import acts_of, description, granted, new_model, new_use_case
from tests.support.breaking_glass import fourth, third
from tests.support.ledger import envelope
from tests.support.waiving import ask, end, fresh, run_out, sign, waived
from tests.support.world import World, without_second_factor

RECERTIFICATION = WaivedCondition.RECERTIFICATION


def asked(world: World) -> Waiver:
    return ask(world.admin, granted(world), new_use_case(world))


def in_force(world: World) -> Waiver:
    return waived(world, granted(world), new_use_case(world), RECERTIFICATION)


def now_of(world: World, waiver: Waiver) -> Waiver:
    with within(world.system.scope):
        return fresh(waiver)


def told_of(world: World, kind: NoticeKind) -> set[Any]:
    with within(world.system.scope):
        return {notice.person_id for notice in Notice.objects.filter(kind=kind)}


def test_it_takes_three_and_counts_from_the_first(world: World) -> None:
    waiver = ask(world.admin, granted(world), new_use_case(world), days=30)
    assert waiver.ends_at == waiver.asked_at + timedelta(days=30)

    once = sign(world.officer, waiver)
    assert once.is_waiting(clock.now())
    twice = sign(fourth(world), waiver)

    assert twice.is_in_force(clock.now())
    assert twice.ends_at == waiver.ends_at
    assert not twice.is_in_force(waiver.ends_at)
    acts = [act.action for act in acts_of(world) if "waiver" in act.action]
    assert acts == [f"governance.waiver.{verb}" for verb in ("asked", "signed", "granted")]


def test_one_of_the_two_is_a_compliance_officer(world: World) -> None:
    waiver = asked(world)
    sign(fourth(world), waiver)
    assert sign(world.person("abe", Role.ADMINISTRATOR), waiver).is_waiting(clock.now())
    assert sign(world.officer, waiver).is_in_force(clock.now())


def test_whoever_asks_does_not_sign(world: World) -> None:
    waiver = ask(world.officer, granted(world), new_use_case(world))
    with pytest.raises(errors.Forbidden) as refusal:
        sign(world.officer, waiver)
    assert refusal.value.code == "separation_of_duties"


def test_nobody_signs_twice_or_for_somebody_else(world: World) -> None:
    waiver, delegate, now = asked(world), world.person("dora", Role.AUDITOR), clock.now()
    sign(world.officer, waiver)
    with pytest.raises(errors.Conflict, match="your signature"):
        sign(world.officer, waiver)
    with within(world.officer.scope):
        to = User.objects.get(id=delegate.id)
        delegations.delegate(actor=world.officer, to=to, starts_at=now, ends_at=now + timedelta(days=1))
    with pytest.raises(errors.Forbidden, match="role"):
        sign(delegate, waiver)


def test_a_signature_needs_a_one_time_password(world: World) -> None:
    with pytest.raises(errors.Forbidden) as refusal:
        sign(without_second_factor(world.officer), asked(world))
    assert refusal.value.code == "otp_required"


def test_a_signature_is_on_what_was_shown_and_good_once(world: World) -> None:
    waiver, another = asked(world), asked(world)
    for hashed in ("0" * 64, another.content_hash):
        with pytest.raises(errors.Conflict, match="shown"):
            sign(world.officer, waiver, signed_hash=hashed)
    sign(world.officer, waiver)
    sign(third(world), waiver)
    with pytest.raises(errors.Conflict, match="does not wait"):
        sign(fourth(world), waiver)


def _taken_away(world: World, actor: Actor) -> None:
    with within(world.system.scope):
        Membership.objects.filter(user_id=actor.id).delete()


def _deactivated(world: World, actor: Actor) -> None:
    with within(world.system.scope):
        User.objects.filter(id=actor.id).update(is_active=False)


@pytest.mark.parametrize("gone", [_taken_away, _deactivated])
def test_whoever_has_left_signs_nothing_and_what_they_signed_counts_no_more(world: World, gone: Any) -> None:
    waiver, officer = asked(world), world.officer
    sign(third(world), waiver)
    gone(world, third(world))
    assert sign(fourth(world), waiver).status == "asked"
    gone(world, fourth(world))
    assert sign(officer, waiver).status == "asked"
    late = world.person("otto", Role.COMPLIANCE_OFFICER)
    gone(world, late)
    with pytest.raises(errors.Conflict):
        sign(late, waiver)
    assert sign(world.person("olaf", Role.ADMINISTRATOR), waiver).status == "in_force"


@pytest.mark.parametrize("gone", [_taken_away, _deactivated])
def test_what_somebody_asked_for_who_has_left_is_not_signed(world: World, gone: Any) -> None:
    waiver = ask(third(world), granted(world), new_use_case(world))
    gone(world, third(world))
    with pytest.raises(errors.Conflict):
        sign(world.officer, waiver)


@pytest.mark.parametrize("days", [0, 181])
def test_it_lasts_half_a_year_at_most(world: World, days: int) -> None:
    with pytest.raises(errors.InvalidRequest, match="180 days"):
        ask(world.admin, granted(world), new_use_case(world), days=days)


def test_it_says_what_is_done_instead(world: World) -> None:
    with pytest.raises(errors.InvalidRequest, match="instead"):
        ask(world.admin, granted(world), new_use_case(world), compensating_control=" ")


CONDITIONED: dict[str, dict[str, Any]] = {
    "team": {"teams": "team"},
    "use_case": {"use_cases": "use case"},
    "region": {"regions": ["eu"]},
    "caller_region": {"caller_regions": ["eu"]},
    "deployments": {"deployments": "deployment"},
    "data_class": {},
}


@pytest.mark.parametrize("condition", CONDITIONED)
def test_only_what_stands_in_the_way_is_waived(world: World, condition: str) -> None:
    terms = dict(CONDITIONED[condition])
    if condition == "team":
        terms["teams"] = [world.team.id]
    if condition == "use_case":
        terms["use_cases"] = [new_use_case(world).id]
    up_to = {"max_data_class": DataClass.RESTRICTED} if condition == "data_class" else {}
    free, bound = new_model(world), new_model(world)
    if condition == "deployments":
        terms["deployments"] = [world.deploy(bound, world.provider()).id]
    approvals = world.approve(free, max_data_class=DataClass.RESTRICTED), world.approve(bound, **terms)
    use_case = new_use_case(world)
    with pytest.raises(errors.InvalidRequest, match="stand in the way"):
        ask(world.admin, approvals[0], use_case, WaivedCondition(condition), **up_to)
    assert ask(world.admin, approvals[1], use_case, WaivedCondition(condition), **up_to).status == "asked"


def test_a_class_is_said_of_the_data_class_alone(world: World) -> None:
    approval, use_case = granted(world), new_use_case(world)
    with pytest.raises(errors.InvalidRequest, match="up to which class"):
        ask(world.admin, approval, use_case, WaivedCondition.DATA_CLASS)
    with pytest.raises(errors.InvalidRequest, match="up to which class"):
        ask(world.admin, approval, use_case, max_data_class=DataClass.RESTRICTED)


def test_one_at_a_time_and_never_prolonged(world: World) -> None:
    waiver = in_force(world)
    with pytest.raises(errors.Conflict, match="Another waiver"):
        ask(third(world), waiver.approval, waiver.use_case)
    run_out(waiver)
    assert ask(third(world), waiver.approval, waiver.use_case).status == "asked"
    assert now_of(world, waiver).status == "ended"


def _superseded(world: World, waiver: Waiver) -> None:
    world.approve(waiver.approval.model)


def _retired(world: World, waiver: Waiver) -> None:
    with within(world.admin.scope):
        use_cases.retire(actor=world.admin, use_case=waiver.use_case, now=clock.now())


def _prohibited(world: World, waiver: Waiver) -> None:
    described = description(world.admin, ai_act_class="prohibited")
    with within(world.admin.scope):
        use_cases.change(actor=world.admin, use_case=waiver.use_case, described=described)


def _model_retired(world: World, waiver: Waiver) -> None:
    model, now = waiver.approval.model, clock.now()
    with within(world.admin.scope):
        life.deprecate(actor=world.admin, model=model, sunset_at=now, reason="Over.", now=now)
        life.retire(actor=world.admin, model=model, now=now)


@pytest.mark.parametrize("happens", [_superseded, _model_retired, _retired, _prohibited])
@pytest.mark.parametrize("make", [asked, in_force])
def test_it_ends_with_its_approval_and_with_its_use_case(world: World, make: Any, happens: Any) -> None:
    waiver, other = make(world), in_force(world)
    happens(world, waiver)
    assert now_of(world, waiver).status == "ended"
    assert now_of(world, other).status == "in_force"
    with pytest.raises(errors.Conflict):
        sign(fourth(world), waiver)


def test_it_is_ended_by_those_involved_or_an_officer(world: World) -> None:
    stranger = fourth(world)
    for person in (world.admin, world.officer, third(world), world.person("otto", Role.COMPLIANCE_OFFICER)):
        waiver = in_force(world)
        with pytest.raises(errors.Forbidden, match="asked for and signed"):
            end(stranger, waiver)
        assert end(person, waiver).status == "ended"
        with pytest.raises(errors.Conflict, match="over"):
            end(person, waiver)


def test_two_who_sign_at_once_put_it_in_force_once(world: World) -> None:
    waiver = asked(world)
    people = world.officer, third(world)
    together(*(lambda person=person: sign(person, waiver) for person in people))
    assert now_of(world, waiver).status == "in_force"


def test_nothing_of_another_organisation_is_waived(world: World, other_world: World) -> None:
    foreign, theirs = granted(other_world), new_use_case(other_world)
    for approval, use_case in ((foreign, new_use_case(world)), (granted(world), theirs)):
        with pytest.raises((errors.Conflict, Approval.DoesNotExist, UseCase.DoesNotExist)):
            ask(world.admin, approval, use_case)
    with pytest.raises(Waiver.DoesNotExist):
        sign(world.officer, asked(other_world))


def test_those_who_sign_are_told_and_whoever_asked(world: World) -> None:
    world.person("rita", Role.AUDITOR)
    people = {world.officer.id, third(world).id}
    waiver = asked(world)
    assert told_of(world, NoticeKind.WAIVER_TO_SIGN) == people
    sign(world.officer, waiver)
    assert told_of(world, NoticeKind.WAIVER_GRANTED) == set()
    sign(third(world), waiver)
    assert told_of(world, NoticeKind.WAIVER_GRANTED) == {world.admin.id}
    end(third(world), waiver)
    assert told_of(world, NoticeKind.WAIVER_ENDED) == {world.admin.id, world.officer.id}


@pytest.mark.parametrize("happens", [_superseded, _model_retired, _retired, _prohibited])
def test_those_concerned_are_told_when_it_ends_with_what_it_hangs_by(world: World, happens: Any) -> None:
    waiver, other = ask(third(world), granted(world), new_use_case(world)), in_force(world)
    sign(fourth(world), waiver)
    happens(world, waiver)
    assert told_of(world, NoticeKind.WAIVER_ENDED) == {third(world).id, fourth(world).id}
    assert now_of(world, other).status == "in_force"


def test_of_one_that_is_over_nobody_is_told_again(world: World) -> None:
    ended, over = in_force(world), in_force(world)
    end(world.admin, ended)
    run_out(over)
    before = told_of(world, NoticeKind.WAIVER_ENDED)
    _retired(world, ended)
    _retired(world, over)
    assert told_of(world, NoticeKind.WAIVER_ENDED) == before


def test_whoever_has_a_role_in_a_team_asks_for_what_the_team_does(world: World) -> None:
    research, _ = world.new_team("research")
    developer = world.person("dora", Role.DEVELOPER, world.team)
    approval = granted(world)
    assert ask(developer, approval, new_use_case(world, team=world.team)).team_id == world.team.id
    for use_case, words in [
        (new_use_case(world), "the whole organisation's"),
        (new_use_case(world, team=research), "another team's"),
    ]:
        with pytest.raises(errors.Forbidden, match=words):
            ask(developer, approval, use_case)


def test_its_steps_stand_on_the_models_timeline_without_words(world: World) -> None:
    waiver = in_force(world)
    told = [envelope(act)["details"] for act in acts_of(world) if "waiver" in act.action]
    assert {each["waiver_id"] for each in told} == {str(waiver.id)}
    assert "read by a person" not in str(told)
