"""What an operator sees of the counters, and how they are put right."""

from __future__ import annotations

import asyncio
from io import StringIO

import psycopg
import pytest
import redis
from django.conf import settings
from django.core.management import CommandError, call_command

from kit import clock, money
from kit.scoping import within
from portal import counter_drift, counters
from portal.counter_drift import Drift
from portal.counters import Compared
from tenants.services import allotments
from tests.audit.conftest import url_of
from tests.support.gateway import RunningGateway
from tests.support.ledger import settlements
from tests.support.world import World

ASKED = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}
LATE = """
INSERT INTO audit_correction (
    request_id, organization_id, team_id, record_id, kind, input_tokens, cached_input_tokens, output_tokens,
    reasoning_tokens, cost_nano_usd, difference_nano_usd, at)
SELECT request_id, organization_id, team_id, gen_random_uuid(), 'late_truth', 1, 0, 1, 0, cost_nano_usd - 1, -1, now()
FROM audit_settlement WHERE request_id = %s
"""


@pytest.fixture
def spending(gateway: RunningGateway, world: World, upstream: str) -> World:
    """An organisation with a budget, of which one call has spent something."""
    world.serve("helper", upstream)
    with within(world.system.scope):
        allotments.add_budget(actor=world.system, name="all of it", limit_nano_usd=money.from_usd(9), now=world.now)
    gateway.catch_up()
    gateway.post("/v1/chat/completions", headers=world.headers, json=ASKED).raise_for_status()
    return world


def compared(world: World, *, rebuild: bool = False) -> Compared:
    [found] = asyncio.run(
        counters.compare(world.organization, counters.lines_of(world.organization, clock.now()), rebuild=rebuild)
    )
    return found


def break_counters(world: World) -> None:
    """Forgets what every budget has spent, as no server would."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    state = f"adm:{{{world.organization.id.hex}}}:state"
    fields = [bytes(field) for field in client.hkeys(state)]  # type: ignore[arg-type]  # typed as text
    assert client.hdel(state, *(field for field in fields if field.startswith(b"b:"))) == 1
    client.close()


def test_counters_and_books_agree_after_a_call(spending: World) -> None:
    found = compared(spending)
    assert found.agrees
    assert found.spent == settlements(spending)[0].cost_nano_usd > 0


def test_counters_that_went_wrong_are_seen_and_made_anew(gateway: RunningGateway, spending: World) -> None:
    break_counters(spending)
    found = compared(spending)
    assert not found.agrees
    assert (found.spent, found.spent_by_the_books) == (0, settlements(spending)[0].cost_nano_usd)
    assert compared(spending, rebuild=True).agrees
    gateway.post("/v1/chat/completions", headers=spending.headers, json=ASKED).raise_for_status()
    assert compared(spending).agrees


def test_the_command_shows_one_organisation(spending: World) -> None:
    shown = StringIO()
    call_command("counters", organization=spending.organization.slug, stdout=shown)
    assert spending.organization.slug in shown.getvalue()
    assert "all of it" in shown.getvalue()
    assert "limit $9.00" in shown.getvalue()
    assert "by the ledger" not in shown.getvalue()


def test_the_command_refuses_an_organisation_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="no such organisation"):
        call_command("counters", organization="nobody")


def drift_of(world: World) -> list[Drift]:
    return [one for one in counter_drift.repair(grace_seconds=0) if one.organization_id == world.organization.id]


def test_counters_that_say_what_the_books_say_are_left_alone(spending: World) -> None:
    assert compared(spending).agrees
    assert drift_of(spending) == []


def test_counters_that_drifted_are_repaired_and_reported(spending: World) -> None:
    break_counters(spending)
    cost = settlements(spending)[0].cost_nano_usd
    [found] = drift_of(spending)
    assert (found.counted_nano_usd, found.nano_usd) == (0, cost)
    assert compared(spending).agrees
    assert drift_of(spending) == []


def test_a_truth_that_came_late_is_counted_by_the_repair(spending: World) -> None:
    """The counters have the call at its hold: nobody tells them what it turned out to have cost."""
    [settled] = settlements(spending)
    with psycopg.connect(url_of("migrator")) as connection:
        connection.execute(LATE, [settled.request_id])
    [found] = drift_of(spending)
    assert found.nano_usd - found.counted_nano_usd == -1
    assert compared(spending).spent == settled.cost_nano_usd - 1
