"""Money under concurrency: served as long as the worst case fits, and never a nano-dollar beyond."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kit import money
from kit.scoping import within
from tenants.models import Period
from tenants.services import allotments
from tests.support.gateway import RunningGateway, start
from tests.support.ledger import settlements
from tests.support.world import World

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
HELLO = [{"role": "user", "content": "Hello"}]


def asked(**more: object) -> dict[str, object]:
    return {"model": "helper", "messages": HELLO, "max_tokens": 100, "metadata": {"dummy": "tokens=20"}, **more}


def worst_case(gateway: RunningGateway, world: World, **more: object) -> int:
    """What one such call holds, as the ledger has it."""
    gateway.post("/v1/chat/completions", headers=world.headers, json=asked(**more)).raise_for_status()
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


@pytest.fixture
def gateways(
    gateway: RunningGateway, environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[list[RunningGateway]]:
    """So many workers as the test asks for; they share nothing but the counters."""
    started = [
        start(environment, tmp_path / f"{number}", EGRESS_ALLOWED_NETWORKS="127.0.0.0/8")
        for number in range(1, request.param)
    ]
    yield [gateway, *started]
    for other in started:
        other.stop()


@pytest.mark.parametrize("gateways", [1, 3], indirect=True)
def test_two_hundred_at_once_against_ten_worst_cases(
    gateways: list[RunningGateway], world: World, twin: World, upstream: str
) -> None:
    gateway = gateways[0]
    for each in (world, twin):
        each.serve("helper", upstream)
    slow = {"metadata": {"dummy": "tokens=20 latency_ms=500"}}  # so that they are under way together
    limit = 10 * worst_case(gateway, twin, **slow)
    add_budget(world, limit)
    for each_gateway in gateways:
        each_gateway.catch_up()
    urls = itertools.islice(itertools.cycle(f"{one.url}/v1/chat/completions" for one in gateways), 200)

    async def rush() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(headers=world.headers, timeout=60, limits=limits) as client:
            return await asyncio.gather(*(client.post(url, json=asked(**slow)) for url in urls))

    answers = asyncio.run(rush())
    served = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 402]
    assert len(served) + len(refused) == 200
    assert len(served) >= 10
    assert refused
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


@pytest.mark.parametrize(
    ("more", "at_least_tokens"),
    [
        ({"messages": [{"role": "user", "content": [PICTURE]}]}, 32_768),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {"enum": [1] * 5_000}}}]}, 10_000),
        ({"documents": [[1] * 5_000]}, 10_000),
    ],
    ids=["a picture", "digits in a schema", "a field nobody knows"],
)
def test_whatever_a_model_may_read_is_held_for(
    gateway: RunningGateway, world: World, upstream: str, more: dict[str, object], at_least_tokens: int
) -> None:
    world.serve("helper", upstream)
    assert worst_case(gateway, world, **more) >= at_least_tokens * 1_000
