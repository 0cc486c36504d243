"""What a provider counts beside plain tokens is charged at its own rate, settled as such, sealed and explained."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from audit.pricing.quantities import Component
from audit.pricing.schedule import Rate
from governance.models import Price
from governance.services.catalogue import Rates
from kit.scoping import within
from portal.costs import arithmetic
from tests.support.gateway import RunningGateway
from tests.support.ledger import envelope, records, settlement_of
from tests.support.recorder import Recorder
from tests.support.world import World

USD = 10**9
FLEX = (Rate(Component.INPUT, USD // 2, "flex"), Rate(Component.OUTPUT, USD, "flex"))
FURTHER = (Rate(Component.CACHE_WRITE, 5 * USD), Rate(Component.REASONING, 9 * USD), *FLEX)
COUNTED: dict[str, Any] = {
    "prompt_tokens": 100,
    "completion_tokens": 5,
    "total_tokens": 105,
    "prompt_tokens_details": {"cached_tokens": 40, "cache_creation_tokens": 30},
    "completion_tokens_details": {"reasoning_tokens": 4},
}


@pytest.fixture
def provider(world: World, echo_upstream: Recorder) -> Recorder:
    rates = Rates(input=USD, cached_input=USD // 10, output=2 * USD, further=FURTHER, discount_ppm=500_000)
    world.serve("helper", echo_upstream.url, rates=rates)
    return echo_upstream


def ask(gateway: RunningGateway, world: World, **asked: Any) -> httpx.Response:
    messages = [{"role": "user", "content": "Hello"}]
    body = {"model": "helper", "messages": messages, "max_tokens": 10, **asked}
    return gateway.post("/v1/chat/completions", headers=world.headers, json=body)


@pytest.mark.parametrize("stream", [False, True])
def test_each_kind_of_token_has_its_rate_and_the_discount_is_taken_off(
    gateway: RunningGateway, world: World, provider: Recorder, stream: bool
) -> None:
    if stream:
        event = {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}
        provider.answer_events(orjson.dumps(event), orjson.dumps({"choices": [], "usage": COUNTED}))
    else:
        provider.answer_with(usage=COUNTED)
    answer = ask(gateway, world, stream=stream)
    assert answer.status_code == 200, answer.text
    settled = settlement_of(world, answer.headers["x-request-id"])
    assert settled.further_quantities == {"cache_write_tokens": 30}
    whole = 30 * 1_000 + 40 * 100 + 30 * 5_000 + 1 * 2_000 + 4 * 9_000
    assert settled.cost_nano_usd == whole // 2

    assert settled.price_id is not None
    with within(world.admin.scope):
        price = Price.objects.get(id=settled.price_id)
    assert arithmetic(settled, price).agrees
    sealed = envelope(records(world, "completed")[-1])["usage"]
    assert (sealed["further"], sealed["reasoning_tokens"]) == ({"cache_write_tokens": 30}, 4)


def test_a_service_tier_is_let_through_where_it_has_a_price(
    gateway: RunningGateway, world: World, provider: Recorder
) -> None:
    provider.answer_with(usage={"prompt_tokens": 100, "completion_tokens": 5}, service_tier="flex")
    settled = settlement_of(world, ask(gateway, world, service_tier="flex").headers["x-request-id"])
    assert (settled.service_tier, settled.cost_nano_usd) == ("flex", (100 * 500 + 5 * 1_000) // 2)

    refused = ask(gateway, world, service_tier="priority")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unsupported_parameter")
    assert refused.json()["error"]["param"] == "service_tier"


def test_the_tier_that_the_provider_used_is_the_one_that_is_charged(
    gateway: RunningGateway, world: World, provider: Recorder
) -> None:
    provider.answer_with(usage={"prompt_tokens": 100, "completion_tokens": 5}, service_tier="default")
    settled = settlement_of(world, ask(gateway, world, service_tier="flex").headers["x-request-id"])
    assert (settled.service_tier, settled.cost_nano_usd) == ("standard", (100 * 1_000 + 5 * 2_000) // 2)
    assert settled.cost_nano_usd <= settled.held_nano_usd
