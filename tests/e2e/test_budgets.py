"""Money under concurrency: served as long as the worst case fits, and never a nano-dollar beyond."""

from __future__ import annotations

import asyncio

import httpx

from kit import money
from kit.scoping import within
from tenants.models import Period
from tenants.services import allotments
from tests.support.gateway import RunningGateway
from tests.support.ledger import settlements
from tests.support.world import World

HELLO = [{"role": "user", "content": "Hello"}]


def asked(**more: object) -> dict[str, object]:
    return {"model": "helper", "messages": HELLO, "max_tokens": 100, "metadata": {"dummy": "tokens=20"}, **more}


def worst_case(gateway: RunningGateway, world: World) -> int:
    """What one such call holds, as the ledger has it."""
    gateway.post("/v1/chat/completions", headers=world.headers, json=asked()).raise_for_status()
    return settlements(world)[0].held_nano_usd


def add_budget(world: World, limit_nano_usd: int, *, on_key: bool = False) -> None:
    with within(world.system.scope):
        level = allotments.Level.of(world.key) if on_key else allotments.Level()
        allotments.add_budget(
            actor=world.system,
            name="the budget",
            limit_nano_usd=limit_nano_usd,
            period=Period.TOTAL,
            now=world.now,
            level=level,
        )


def test_two_hundred_at_once_against_ten_worst_cases(
    gateway: RunningGateway, world: World, twin: World, upstream: str
) -> None:
    for each in (world, twin):
        each.serve("helper", upstream)
    limit = 10 * worst_case(gateway, twin)
    add_budget(world, limit)
    gateway.catch_up()

    async def rush() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=gateway.url, headers=world.headers, timeout=60, limits=limits) as client:
            return await asyncio.gather(*(client.post("/v1/chat/completions", json=asked()) for _ in range(200)))

    answers = asyncio.run(rush())
    served = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 402]
    assert len(served) + len(refused) == 200
    assert len(served) >= 10
    spent = sum(settlement.cost_nano_usd for settlement in settlements(world))
    assert spent <= limit
    until_spent(gateway, world)
    settled = settlements(world)
    spent = sum(settlement.cost_nano_usd for settlement in settled)
    assert spent <= limit
    assert limit - spent < settled[0].held_nano_usd, "what is left does not hold another worst case"


def until_spent(gateway: RunningGateway, world: World) -> None:
    """Calls one after the other, as settlements give back what was held and not used, until one is refused."""
    for _ in range(1000):
        answer = gateway.post("/v1/chat/completions", headers=world.headers, json=asked())
        if answer.status_code == 402:
            error = answer.json()["error"]
            assert error["code"] == "budget_exceeded"
            assert "the budget" in error["message"]
            assert answer.headers["x-should-retry"] == "false"
            return
        assert answer.status_code == 200
    raise AssertionError("the budget never ran out")


def test_a_keys_budget_binds_that_key_alone(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    add_budget(world, 1, on_key=True)
    _, other = world.new_key()
    assert gateway.post("/v1/chat/completions", headers=world.headers, json=asked()).status_code == 402
    assert gateway.post("/v1/chat/completions", headers={"x-api-key": other}, json=asked()).status_code == 200


def test_a_refused_call_holds_nothing(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    limit = worst_case(gateway, world) * 2
    add_budget(world, limit)
    for _ in range(5):
        huge = gateway.post("/v1/chat/completions", headers=world.headers, json=asked(max_tokens=4_096, n=8))
        assert huge.status_code == 402
    assert gateway.post("/v1/chat/completions", headers=world.headers, json=asked()).status_code == 200


def test_cost_is_tokens_times_price_to_the_nano_dollar(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    for prompt, completion in [(1, 1), (123, 456), (4_000, 7)]:
        answer = gateway.post(
            "/v1/chat/completions",
            headers=world.headers,
            json=asked(metadata={"dummy": f"usage={prompt}/{completion}"}),
        )
        expected = prompt * 1_000 + completion * 2_000
        assert answer.headers["x-chancery-cost-usd"] == money.plain(expected)
    assert sum(one.cost_nano_usd for one in settlements(world)) == 4_124 * 1_000 + 464 * 2_000
