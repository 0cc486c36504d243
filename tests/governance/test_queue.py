"""The queue says of all requests at once what `rights` says of one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from governance import review
from governance.models import ApprovalRequest, RiskTier
from governance.services import approvals, claims, delegations
from governance.services.approvals import queue
from governance.services.approvals.queue import ClaimedBy, Order, Tab, Wanted
from kit import clock
from kit.context import Actor
from kit.scoping import within
from tenants.models import Role, User
from tests.governance.reviewing import decide
from tests.support.acts import ask, draft
from tests.support.world import World

HIGH = RiskTier.HIGH
DAY = timedelta(days=1)


def requests_of(actor: Actor, tab: Tab, *, later: timedelta = timedelta(), **wanted: object) -> list[str]:
    """Their models, as an actor sees them on a tab."""
    now = clock.now() + later
    with within(actor.scope):
        rows = queue.narrowed(queue.requests(actor, tab, now), Wanted(**wanted), actor, now)  # type: ignore[arg-type]
        return [row.model.slug for row in queue.ordered(rows, Order.OLDEST, tab)]


def signable(actor: Actor) -> set[str]:
    """As each request is asked by itself."""
    with within(actor.scope):
        standings = [(row, review.open_stage(row)) for row in ApprovalRequest.objects.all()]
        return {
            row.model.slug
            for row, standing in standings
            if standing is not None and approvals.rights(actor, row, standing.stage, clock.now())
        }


def delegate(actor: Actor, to: Actor) -> None:
    now = clock.now()
    with within(actor.scope):
        user = User.objects.get(id=to.id)
        delegations.delegate(actor=actor, to=user, starts_at=now, ends_at=now + DAY)


def test_whatever_somebody_may_sign_is_theirs_to_decide_and_nothing_else(world: World) -> None:
    officer, other = world.officer, world.person("olga", Role.COMPLIANCE_OFFICER)
    helper, ours = world.person("hal", Role.AUDITOR), [world.team.id]
    of_team = world.person("tom", Role.COMPLIANCE_OFFICER, world.team)
    everyone = [officer, other, helper, of_team, world.admin, world.person("dev", Role.DEVELOPER, world.team)]
    delegate(officer, helper)
    draft(world)
    ask(world, officer)
    ask(world, other, teams=ours)
    ask(world, world.admin, teams=ours, risk_tier=HIGH)
    second_stage, both_signed = ask(world, risk_tier=HIGH), ask(world, risk_tier=HIGH)
    decide(officer, second_stage)
    decide(other, both_signed)
    decide(officer, both_signed)
    decide(other, ask(world))

    for actor in everyone:
        mine = requests_of(actor, Tab.DECIDE)
        assert set(mine) == signable(actor)
        assert len(mine) == len(set(mine))
        assert len(mine) + len(requests_of(actor, Tab.OTHERS)) == 5
    assert signable(helper)
    assert signable(of_team)


def test_tabs_are_counted_as_they_are_listed(world: World) -> None:
    actor = world.officer
    ask(world), ask(world, actor)
    with within(actor.scope):
        claims.claim(actor=actor, request=ask(world), now=clock.now())
        told = queue.counts(actor, clock.now() + 4 * DAY)
        today = queue.counts(actor, clock.now())

    assert told == {"decide": 2, "claimed": 0, "overdue": 3, "others": 1}
    assert today == {"decide": 2, "claimed": 1, "overdue": 0, "others": 1}
    assert len(requests_of(actor, Tab.OVERDUE, later=4 * DAY)) == 3
    assert len(requests_of(actor, Tab.ASKED)) == 1


def test_a_tab_is_narrowed_by_tier_requester_model_and_claim(world: World) -> None:
    officer, other = world.officer, world.person("olga", Role.COMPLIANCE_OFFICER)
    high, mine = ask(world, risk_tier=HIGH), ask(world)
    ask(world, other)
    with within(officer.scope):
        claims.claim(actor=officer, request=mine, now=clock.now())

    def seen(**wanted: object) -> list[str]:
        return requests_of(officer, Tab.DECIDE, **wanted)  # type: ignore[arg-type]

    assert seen(tier=HIGH.value) == [high.model.slug]
    assert len(seen(requested_by=other.id)) == 1
    assert seen(model=high.model.slug.upper()) == [high.model.slug]
    assert seen(model="nothing alike") == []
    assert seen(claimed=ClaimedBy.ME) == [mine.model.slug]
    assert seen(claimed=ClaimedBy.OTHERS) == []
    assert mine.model.slug not in seen(claimed=ClaimedBy.NOBODY)


def test_the_next_request_is_one_that_nobody_else_is_at(world: World) -> None:
    officer, other = world.officer, world.person("olga", Role.COMPLIANCE_OFFICER)
    first, second = ask(world), ask(world)
    with within(other.scope):
        claims.claim(actor=other, request=first, now=clock.now())

    with within(officer.scope):
        assert queue.following(officer, Wanted(), Order.OLDEST, clock.now()) == second
        assert queue.following(officer, Wanted(tier=HIGH), Order.OLDEST, clock.now()) is None
    with within(other.scope):
        assert queue.following(other, Wanted(), Order.OLDEST, clock.now()) == first


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("tab", Tab)
def test_every_tab_has_every_order(world: World, tab: Tab, order: Order) -> None:
    ask(world, risk_tier=HIGH), ask(world)
    with within(world.officer.scope):
        rows = queue.requests(world.officer, tab, clock.now())
        found = list(queue.ordered(rows, order, tab))
        assert len(found) == (2 if tab is Tab.DECIDE else 0)
        if order is Order.TIER and found:
            assert found[0].risk_tier == HIGH
