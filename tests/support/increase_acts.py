"""Asking for more of a budget, and deciding on it, as acts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from governance.services import increases
from kit import clock
from kit.context import Actor
from kit.scoping import within
from tenants.models import Budget, BudgetIncrease, Role
from tenants.services import allotments
from tests.support.preparing import Act, on
from tests.support.world import World


def some_budget(world: World) -> Budget:
    with within(world.system.scope):
        return allotments.add_budget(actor=world.system, name="all", limit_nano_usd=1, now=world.now)


def ask_for_more(actor: Actor, budget: Budget) -> BudgetIncrease:
    now, reason = clock.now(), "A busy week."
    ends_at = now + timedelta(days=7)
    return increases.ask(actor=actor, budget=budget, amount_nano_usd=7, ends_at=ends_at, reason=reason, now=now)


def _asked_for_more(world: World) -> BudgetIncrease:
    boss = world.person("boss", Role.ADMINISTRATOR)
    budget = some_budget(world)
    with within(boss.scope):
        return ask_for_more(boss, budget)


def _decide_on_more(actor: Actor, asked: BudgetIncrease, *, is_granted: bool) -> BudgetIncrease:
    reason = "As agreed."
    return increases.decide(actor=actor, increase=asked, is_granted=is_granted, reason=reason, now=clock.now())


def _end(actor: Actor, asked: BudgetIncrease) -> BudgetIncrease:
    return increases.end(actor=actor, increase=asked, reason="Not needed.", now=clock.now())


INCREASES: dict[str, Callable[[World], Act]] = {
    "tenants.budget_increase.asked": on(some_budget, ask_for_more),
    "tenants.budget_increase.granted": on(_asked_for_more, partial(_decide_on_more, is_granted=True)),
    "tenants.budget_increase.refused": on(_asked_for_more, partial(_decide_on_more, is_granted=False)),
    "tenants.budget_increase.ended": on(_asked_for_more, _end),
}
