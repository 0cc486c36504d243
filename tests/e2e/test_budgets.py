"""Money under concurrency: served as long as the worst case fits, and never a nano-dollar beyond."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit import money
from kit.scoping import within
from tenants.models import ApiKey, Budget, Each, Period
from tenants.models.money import allowance_of
from tenants.services import allotments
from tenants.services.allotments import Level, Narrowed
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


@pytest.mark.parametrize("gateways", [4], indirect=True)
def test_five_hundred_mixed_calls_at_once_overdraw_none_of_nested_budgets(
    gateways: list[RunningGateway], world: World, twin: World, upstream: str
) -> None:
    """Streams and whole answers of two models and of many sizes, by two keys; each refusal says what did not fit."""
    gateway, models = gateways[0], ("helper", "other")
    for each in (world, twin):
        for slug in models:
            each.serve(slug, upstream)
    slow = {"metadata": {"dummy": "tokens=20 latency_ms=300"}}
    one = worst_case(gateway, twin, **slow)
    _, second = world.new_key()
    with within(world.system.scope):
        levels = [Level(), Level.of(world.team), Level.of(world.project), Level.of(world.key)]
        for number, level in enumerate(levels):
            add_nested(world, (40 - 7 * number) * one, level=level)
        add_nested(world, 12 * one, narrowed=Narrowed(model="other"))
        add_nested(world, 15 * one, each=Each.KEY)
    for each_gateway in gateways:
        each_gateway.catch_up()
    limits = limits_of(world)

    def call(number: int) -> tuple[str, dict[str, str], dict[str, object]]:
        headers = world.headers if number % 3 else {"x-api-key": second}
        body = asked(**slow, max_tokens=20 + 37 * (number % 11), model=models[number // 4 % 2], stream=number % 5 == 0)
        return f"{gateways[number % 4].url}/v1/chat/completions", headers, body

    async def rush() -> list[httpx.Response]:
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=500)) as client:
            calls = (call(number) for number in range(500))
            return await asyncio.gather(*(client.post(url, headers=headers, json=body) for url, headers, body in calls))

    answers = asyncio.run(rush())
    served = [answer for answer in answers if answer.status_code == 200]
    refused = [answer.json()["error"] for answer in answers if answer.status_code == 402]
    assert len(served) + len(refused) == 500
    assert len(served) >= 10
    assert all(worst > left for worst, left in map(named_amounts, refused))
    assert {settled.model for settled in settlements(world)} == set(models)
    spent: dict[str, int] = {}
    for settled in settlements(world):
        for account in settled.budgets:
            spent[account] = spent.get(account, 0) + settled.cost_nano_usd
    assert spent.keys() <= limits.keys()
    assert all(amount <= limits[account] for account, amount in spent.items())


def add_nested(world: World, limit_nano_usd: int, **options: Any) -> None:
    allotments.add_budget(
        actor=world.system, name="nested", limit_nano_usd=limit_nano_usd, period=Period.TOTAL, now=world.now, **options
    )


def limits_of(world: World) -> dict[str, int]:
    """Of every account that calls of the world are charged to."""
    with within(world.system.scope):
        keys = list(ApiKey.objects.values_list("id", flat=True))
        return {
            str(account): budget.limit_nano_usd
            for budget in Budget.objects.all()
            for account in ([allowance_of(budget.id, key) for key in keys] if budget.each else [budget.id])
        }


def named_amounts(error: dict[str, str]) -> tuple[float, float]:
    """What the call might have cost, and what was left: `The call may cost $0.5 and $0.4 is left …`."""
    worst, left = re.findall(r"\$([0-9.]+)", error["message"])[:2]
    return float(worst), float(left)


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
