"""What a budget does where a call does not fit, and which calls it is for."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from audit.models import Record
from kit import money
from kit.scoping import within
from tenants.models import AtStop, Budget, Period
from tenants.services import allotments
from tenants.services.allotments import Narrowed, Terms
from tests.support.gateway import RunningGateway
from tests.support.ledger import settlements
from tests.support.world import World


def ask(gateway: RunningGateway, world: World, model: str = "large", **more: Any) -> Any:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50, **more}
    return gateway.post("/v1/chat/completions", headers=world.headers, json=body)


def add_budget(gateway: RunningGateway, world: World, limit: int, **options: Any) -> Budget:
    with within(world.system.scope):
        budget = allotments.add_budget(
            actor=world.system,
            name="the budget",
            limit_nano_usd=limit,
            now=world.now,
            **{"period": Period.TOTAL, **options},
        )
    gateway.catch_up()
    return budget


def decided(world: World, request_id: str) -> dict[str, Any]:
    """What the first record of a request says of who decided."""
    with within(world.system.scope):
        envelope = Record.objects.get(id=request_id).envelope
    found: dict[str, Any] = orjson.loads(bytes(envelope))["decided"]
    return found


@pytest.fixture
def served(gateway: RunningGateway, world: World, upstream: str) -> int:
    """A dear and a cheap model, and what a call of the dear one holds."""
    for slug in ("large", "small"):
        world.serve(slug, upstream)
    gateway.catch_up()
    ask(gateway, world).raise_for_status()
    return settlements(world)[0].held_nano_usd


def test_a_call_that_does_not_fit_goes_on_with_the_cheaper_model(
    gateway: RunningGateway, world: World, served: int
) -> None:
    terms = Terms(at_stop=AtStop.DOWNGRADE, downgrade_model="small", downgrade_at_percent=1)
    budget = add_budget(gateway, world, served * 2, terms=terms)
    answer = ask(gateway, world)
    assert answer.status_code == 200
    assert answer.headers["x-chancery-model"] == "small"
    assert answer.headers["x-chancery-downgraded-by"] == str(budget.id)
    assert decided(world, answer.headers["x-request-id"])["downgraded_by"] == str(budget.id)
    assert settlements(world)[0].model == "small"


def test_without_an_approval_of_the_cheaper_model_the_call_is_refused(
    gateway: RunningGateway, world: World, served: int, upstream: str
) -> None:
    unapproved = world.model("tiny", approved=False)
    world.deploy(unapproved, world.provider(upstream))
    add_budget(gateway, world, 1, terms=Terms(at_stop=AtStop.DOWNGRADE, downgrade_model="tiny"))
    answer = ask(gateway, world)
    assert answer.status_code == 402
    assert answer.json()["error"]["code"] == "budget_exceeded"


def test_where_the_cheaper_model_does_not_fit_either_the_call_is_refused(
    gateway: RunningGateway, world: World, served: int
) -> None:
    budget = add_budget(gateway, world, 1, terms=Terms(at_stop=AtStop.DOWNGRADE, downgrade_model="small"))
    refused = ask(gateway, world)
    assert refused.status_code == 402
    assert decided(world, refused.headers["x-request-id"])["refused_by"] == str(budget.id)


def test_a_budget_that_warns_is_named_and_the_call_passes(gateway: RunningGateway, world: World, served: int) -> None:
    budget = add_budget(gateway, world, 1, terms=Terms(at_stop=AtStop.WARN))
    answer = ask(gateway, world)
    assert answer.status_code == 200
    assert answer.headers["x-chancery-beyond-budgets"] == str(budget.id)
    assert decided(world, answer.headers["x-request-id"])["beyond_budgets"] == [str(budget.id)]


def test_one_call_may_cost_so_much_and_no_more(gateway: RunningGateway, world: World, served: int) -> None:
    add_budget(gateway, world, money.from_usd(100), terms=Terms(per_request_nano_usd=served))
    assert ask(gateway, world).status_code == 200
    refused = ask(gateway, world, max_tokens=1_000)
    assert refused.status_code == 402
    assert refused.json()["error"]["code"] == "request_too_expensive"
    assert "“the budget”" in refused.json()["error"]["message"]


def test_a_budget_of_a_model_leaves_the_others_alone(gateway: RunningGateway, world: World, served: int) -> None:
    budget = add_budget(gateway, world, 1, narrowed=Narrowed(model="large"))
    assert ask(gateway, world, "large").status_code == 402
    assert ask(gateway, world, "small").status_code == 200
    assert str(budget.id) not in settlements(world)[0].budgets


def test_a_budget_of_a_tag_binds_the_calls_that_carry_it(gateway: RunningGateway, world: World, served: int) -> None:
    add_budget(gateway, world, 1, narrowed=Narrowed(tag="nightly"))
    assert ask(gateway, world, metadata={"tags": "nightly,eu"}).status_code == 402
    assert ask(gateway, world, metadata={"tags": "eu"}).status_code == 200
