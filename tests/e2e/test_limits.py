"""Limits for each: what one end user or team uses up is left to the others."""

from __future__ import annotations

from kit.scoping import within
from tenants.models import Each, Period
from tenants.services import allotments
from tenants.services.organizations import Limits
from tests.support.gateway import RunningGateway
from tests.support.ledger import settlements
from tests.support.world import World

ASKED = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10}


def ask(gateway: RunningGateway, world: World, end_user: str = "") -> int:
    headers = {**world.headers, **({"x-chancery-end-user": end_user} if end_user else {})}
    return gateway.post("/v1/chat/completions", headers=headers, json=ASKED).status_code


def test_each_end_user_has_a_limit_of_its_own(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    with within(world.system.scope):
        allotments.set_limits(actor=world.system, limits=Limits(requests_per_hour=2), each=Each.END_USER, now=world.now)
    gateway.catch_up()
    assert [ask(gateway, world, "ann") for _ in range(3)] == [200, 200, 429]
    assert ask(gateway, world, "bob") == 200
    assert [ask(gateway, world) for _ in range(3)] == [200, 200, 200]


def test_each_end_user_has_a_budget_of_its_own(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    assert ask(gateway, world) == 200
    one_call = settlements(world)[0].held_nano_usd
    with within(world.system.scope):
        allotments.add_budget(
            actor=world.system,
            name="per person",
            limit_nano_usd=one_call,
            period=Period.DAY,
            each=Each.END_USER,
            now=world.now,
        )
    gateway.catch_up()
    assert ask(gateway, world, "ann") == 200
    refused = gateway.post(
        "/v1/chat/completions",
        headers={**world.headers, "x-chancery-end-user": "ann"},
        json={**ASKED, "max_tokens": 100},
    )
    assert refused.status_code == 402
    assert "“per person” of the end user" in refused.json()["error"]["message"]
    assert ask(gateway, world, "bob") == 200


def test_a_new_team_is_bound_by_what_is_set_for_each(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    with within(world.system.scope):
        allotments.set_limits(actor=world.system, limits=Limits(requests_per_day=1), each=Each.TEAM, now=world.now)
    _, project = world.new_team("research")
    _, key = world.new_key(project)
    gateway.catch_up()
    theirs = {"authorization": f"Bearer {key}"}
    answers = [gateway.post("/v1/chat/completions", headers=theirs, json=ASKED) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[0].headers["x-ratelimit-limit-requests"] == "1"
    assert answers[0].headers["x-ratelimit-remaining-requests"] == "0"
    assert ask(gateway, world) == 200
