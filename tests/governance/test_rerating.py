"""Calls that were settled by a price that was not the one in force: what is written beside them, and what follows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import Correction, Settlement, UsageQuarter
from audit.pricing import charge
from audit.pricing.quantities import Quantities
from audit.usage import rerate as usage
from audit.usage import rollups
from governance.models import Deployment, Price
from governance.services import rerating
from governance.services.rerating import Period, Rated
from kit import clock, errors
from kit.ids import new_id, time_of
from kit.scoping import within
from tests.audit.conftest import url_of
from tests.support import rerated
from tests.support import world as worlds
from tests.support.acts import acts_of
from tests.support.asked import new_model
from tests.support.world import World

HOUR = timedelta(hours=1)
_LATE = """
INSERT INTO audit_correction (
    request_id, organization_id, team_id, record_id, kind, price_id, input_tokens, cached_input_tokens, output_tokens,
    reasoning_tokens, cost_nano_usd, difference_nano_usd, at)
SELECT request_id, organization_id, team_id, gen_random_uuid(), 'late_truth', %(price)s, 10, 0, 10, 0, %(cost)s,
       %(cost)s - cost_nano_usd, now()
FROM audit_settlement WHERE request_id = %(request)s
"""
_BALANCES = "SELECT audit_balances(%s) -> 'spent'"
quantities = st.builds(
    Quantities,
    input_tokens=st.integers(0, 10**6),
    cached_input_tokens=st.integers(0, 10**4),
    output_tokens=st.integers(0, 10**6),
)
entered = st.tuples(st.just("price"), st.integers(0, 30), st.integers(0, 10**5))
called = st.tuples(st.just("call"), st.integers(0, 30), quantities)
again = st.tuples(st.just("rerate"), st.none(), st.none())


@pytest.fixture(scope="module")
def lawful() -> World:
    with psycopg.connect(url_of("system")) as connection:
        connection.execute("SELECT audit_roll_up()")
    return worlds.build()


def price_of(world: World, deployment: Deployment) -> Price:
    with within(world.admin.scope):
        return Price.objects.filter(deployment=deployment).order_by("effective_from")[0]


@contextmanager
def refused(words: str) -> Iterator[None]:
    """By the database."""
    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        yield


def corrections(world: World) -> list[Correction]:
    return list(Correction.across_tenants.using("system").filter(organization_id=world.organization.id))


def costs(deployment: Deployment) -> dict[UUID, int]:
    """Of each of its calls, with all corrections."""
    settled = Settlement.across_tenants.using("system").filter(deployment_id=deployment.id)
    found = {one.request_id: one.cost_nano_usd for one in settled}
    for one in corrections_of(deployment):
        found[one.request_id] += one.difference_nano_usd
    return found


def corrections_of(deployment: Deployment) -> list[Correction]:
    settled = Settlement.across_tenants.using("system").filter(deployment_id=deployment.id)
    return list(Correction.across_tenants.using("system").filter(request_id__in=settled.values("request_id")))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(entered | called | again, max_size=14))
def test_in_the_end_every_call_costs_what_it_used_by_the_price_in_force(
    lawful: World, steps: list[tuple[str, int, object]]
) -> None:
    """Prices entered in any order, late or not, between calls and ratings; then budgets and sums of usage follow."""
    world, begin = lawful, clock.now() - 40 * HOUR
    deployment = world.deploy(new_model(world), world.provider(), rates=None)
    budget, moments = str(new_id()), {0}
    first = rerated.set_price(world, deployment, begin)
    used: dict[UUID, Quantities] = {}
    for number, (what, hours, detail) in enumerate(steps, start=1):
        if what == "price" and hours not in moments:
            assert isinstance(detail, int)
            moments.add(hours)
            rerated.set_price(world, deployment, begin + hours * HOUR, output=detail)
        elif what == "call":
            assert isinstance(detail, Quantities)
            at = begin + hours * HOUR + timedelta(seconds=number)
            settled = rerated.call(world, deployment, first, at, used=detail, beside=number, budgets={budget: "total"})
            used[settled.request_id] = detail
        elif what == "rerate":
            with within(world.admin.scope):
                rerated.rerate(world.admin, deployment)
    with within(world.admin.scope):
        rerated.rerate(world.admin, deployment)
        prices = list(Price.objects.filter(deployment=deployment).order_by("-effective_from"))
        assert rerated.rerate(world.admin, deployment).corrected == 0
    found = costs(deployment)
    beside = _beside(deployment, first)
    for request_id, quantity in used.items():
        due = next(price for price in prices if price.effective_from <= time_of(request_id))
        assert found[request_id] == charge.cost(quantity, due.schedule) + beside[request_id]
    rollups.roll_up()
    counted = UsageQuarter.across_tenants.using("system").filter(combination__deployment_id=deployment.id)
    assert sum(counted.values_list("cost_nano_usd", flat=True)) == sum(found.values())
    # The calls are older than all that is under way: what was settled would be in the books of the budget long since.
    assert spent(world, budget) == sum(one.difference_nano_usd for one in corrections_of(deployment))


def _beside(deployment: Deployment, price: Price) -> dict[UUID, int]:
    settled = Settlement.across_tenants.using("system").filter(deployment_id=deployment.id)
    return {one.request_id: one.cost_nano_usd - charge.cost(one.quantities, price.schedule) for one in settled}


def spent(world: World, budget: str) -> int:
    with psycopg.connect(url_of("system")) as connection:
        connection.execute("SELECT audit_roll_up()")
        [balances] = connection.execute(_BALANCES, [world.organization.id]).fetchone() or [[]]
    return sum(int(nano_usd) for found, _, nano_usd in balances if found == budget)


def test_what_differs_is_written_beside_and_what_was_settled_stays(world: World) -> None:
    deployment = rerated.wrongly_rated(world)
    settled_before = costs(deployment)
    with within(world.admin.scope):
        now = clock.now()
        looked = rerating.look(actor=world.admin, deployment=deployment, period=Period(now - 5 * HOUR, now))
        done = rerated.rerate(world.admin, deployment)
    [correction] = corrections(world)
    [settled] = Settlement.across_tenants.using("system").filter(deployment_id=deployment.id)
    assert (looked.corrected, looked.differences) == (done.corrected, done.differences) == (1, done.differences)
    assert settled.cost_nano_usd == settled_before[settled.request_id]
    assert correction.kind == "rerating"
    assert correction.cost_nano_usd == settled.cost_nano_usd + correction.difference_nano_usd
    assert correction.difference_nano_usd == done.difference_nano_usd > 0


def test_the_act_names_what_it_corrected(world: World) -> None:
    deployment = rerated.wrongly_rated(world)
    with within(world.admin.scope):
        done = rerated.rerate(world.admin, deployment)
    act, [correction] = acts_of(world)[-1], corrections(world)
    said = json.loads(bytes(act.envelope))["details"]
    assert (act.action, act.object_id, correction.record_id) == ("governance.price.rerated", deployment.id, act.id)
    assert (said["corrected"], said["difference_nano_usd"]) == (1, str(done.difference_nano_usd))
    line = f"{correction.request_id} {correction.price_id} {correction.difference_nano_usd}\n"
    assert said["corrections_sha256"] == hashlib.sha256(line.encode()).hexdigest()


def test_nothing_to_correct_leaves_no_record(world: World) -> None:
    deployment = rerated.wrongly_rated(world)
    with within(world.admin.scope):
        rerated.rerate(world.admin, deployment)
    before = acts_of(world)
    with within(world.admin.scope):
        assert rerated.rerate(world.admin, deployment).looked_at == 1
    assert acts_of(world) == before


def test_calls_of_which_nobody_knows_what_they_used_wait_for_the_truth(world: World) -> None:
    deployment = rerated.wrongly_rated(world)
    first = price_of(world, deployment)
    unknown = rerated.call(world, deployment, first, clock.now() - HOUR, outcome="outcome_unknown")
    with within(world.admin.scope):
        rerated.rerate(world.admin, deployment)
        assert {one.request_id for one in Correction.objects.all()} != {unknown.request_id}
    with psycopg.connect(url_of("migrator")) as connection:
        connection.execute(_LATE, {"request": unknown.request_id, "price": first.id, "cost": 2_000})
    with within(world.admin.scope):
        assert rerated.rerate(world.admin, deployment).corrected == 1
    of_it = [one for one in corrections(world) if one.request_id == unknown.request_id]
    assert [one.kind for one in of_it] == ["late_truth", "rerating"]
    assert unknown.cost_nano_usd + sum(one.difference_nano_usd for one in of_it) == 2_000 + 10 * 5_000


def test_a_step_ends_where_the_next_one_begins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerating, "AT_ONCE", 2)
    deployment = rerated.wrongly_rated(world)
    first, now = price_of(world, deployment), clock.now()
    for minutes in (30, 20, 10):
        rerated.call(world, deployment, first, now - timedelta(minutes=minutes))
    steps: list[Rated] = []
    after = None
    with within(world.admin.scope):
        while not steps or after is not None:
            period = Period(now - 5 * HOUR, now)
            steps.append(rerating.rerate(actor=world.admin, deployment=deployment, period=period, now=now, after=after))
            after = steps[-1].after
    assert [step.corrected for step in steps] == [2, 2, 0]
    assert len({one.record_id for one in corrections(world)}) == 2


def test_a_period_that_is_not_past_is_refused(world: World) -> None:
    deployment, now = rerated.wrongly_rated(world), clock.now()
    with within(world.admin.scope), pytest.raises(errors.InvalidRequest, match="is past"):
        rerating.rerate(actor=world.admin, deployment=deployment, period=Period(now - HOUR, now + HOUR), now=now)


def test_corrections_are_made_in_the_name_of_an_act_and_for_ones_own_organisation(
    world: World, other_world: World
) -> None:
    with within(world.admin.scope), refused("nobody is on record"):
        usage.write(organization_id=world.organization.id, act_id=new_id(), ratings=[])
    with within(other_world.admin.scope), refused("entered organisation only"):
        usage.write(organization_id=world.organization.id, act_id=new_id(), ratings=[])


def test_rated_by_two_at_once_it_is_corrected_once(world: World) -> None:
    """Whoever is second finds nothing more to correct, or is told that something came in between."""
    deployment = rerated.wrongly_rated(world)
    ready = Barrier(2)

    def rate() -> int:
        try:
            with within(world.admin.scope):
                ready.wait(10)
                return rerated.rerate(world.admin, deployment).corrected
        except errors.Conflict:
            return 0
        finally:
            connections.close_all()

    with ThreadPoolExecutor() as pool:
        done = [pool.submit(rate) for _ in range(2)]
    assert sum(each.result() for each in done) == 1
    assert len(corrections(world)) == 1
