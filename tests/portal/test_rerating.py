"""A period rated anew from the command line, and the budgets of running gateways after it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from audit.models import Correction
from governance.models import Deployment
from governance.services import rerating
from governance.services.rerating import Period
from kit import clock, money
from kit.scoping import within
from portal import budget_use, counters
from portal.counters import Compared
from tenants.models import Budget, Role, User
from tenants.services import allotments, people
from tests.support import rerated
from tests.support.gateway import RunningGateway
from tests.support.ledger import settlement_of
from tests.support.world import World

ASKED = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}


@pytest.fixture
def spending(gateway: RunningGateway, world: World, upstream: str) -> World:
    """An organisation with a budget, of which one call has spent something at a price that was wrong."""
    world.serve("helper", upstream)
    with within(world.system.scope):
        allotments.add_budget(actor=world.system, name="all of it", limit_nano_usd=money.from_usd(9), now=world.now)
    gateway.catch_up()
    gateway.post("/v1/chat/completions", headers=world.headers, json=ASKED).raise_for_status()
    settlement_of(world, None)
    with within(world.admin.scope):
        deployment = Deployment.objects.get()
    rerated.set_price(world, deployment, world.now - timedelta(hours=1), output=100)
    return world


@pytest.fixture
def token(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    person = world.person("rater", Role.ADMINISTRATOR)
    with within(person.scope):
        user = User.objects.get(id=person.id)
        _, issued = people.issue_access_token(actor=person, user=user, name="script", now=world.now)
    monkeypatch.setenv("CHANCERY_TOKEN", issued.text)
    return issued.text


def books(world: World) -> int:
    corrections = Correction.across_tenants.using("system").filter(organization_id=world.organization.id)
    return settlement_of(world, None).cost_nano_usd + sum(one.difference_nano_usd for one in corrections)


def compared(world: World) -> Compared:
    lines = counters.lines_of(world.organization, clock.now())
    [found] = asyncio.run(counters.compare(world.organization, lines))
    return found


def used(world: World) -> int:
    with within(world.admin.scope):
        [found] = budget_use.in_use(Budget.objects.all(), world.admin, time_zone="UTC", now=clock.now())
    return found.spent


def test_budgets_follow_before_the_next_call_is_let_through(gateway: RunningGateway, spending: World) -> None:
    """No one but the call itself makes the counters anew."""
    before = compared(spending).spent
    with within(spending.admin.scope):
        rerated.rerate(spending.admin, Deployment.objects.get())
    corrected = books(spending)

    answer = gateway.post("/v1/chat/completions", headers=spending.headers, json=ASKED)

    assert answer.status_code == 200, answer.text
    second = settlement_of(spending, answer.headers["x-request-id"]).cost_nano_usd
    found = compared(spending)
    assert found.agrees
    assert found.spent == corrected + second == used(spending) > before + second


def test_a_period_is_looked_at_and_rated_anew_by_command(spending: World, token: str) -> None:
    out, now = StringIO(), clock.now()
    call_command("usage", "rerate", first="2026-01-01", dry_run=True, stdout=out)
    before = books(spending)
    with pytest.raises(CommandError, match="one-time password"):
        call_command("usage", "rerate", first="2026-01-01", stdout=out)
    with within(spending.admin.scope):
        deployment = Deployment.objects.get()
        looked = rerating.look(actor=spending.admin, deployment=deployment, period=Period(now - timedelta(days=1), now))
    assert looked.corrected == 1
    assert "1 of 1 calls would be corrected" in out.getvalue()
    assert money.display(looked.difference_nano_usd) in out.getvalue()
    assert books(spending) == before
