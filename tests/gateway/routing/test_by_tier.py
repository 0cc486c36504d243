"""Who names no model gets the cheapest that is approved for it, of the tier that was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.pricing.quantities import Component
from gateway.routing.candidates import Candidate, of_tier
from governance.services import catalogue
from kit import errors, money
from tests.gateway.routing.catalogue import (
    NOW,
    ORGANIZATION,
    OTHER_ORGANIZATION,
    a_deployment,
    a_model,
    a_price,
    a_provider,
    snapshot_of,
)
from tests.support.gateway import RunningGateway
from tests.support.ledger import settlement_of
from tests.support.recorder import Recorder
from tests.support.world import World


def _rates(candidate: Candidate) -> tuple[int, int]:
    standard = candidate.rates().band("standard", 0)
    return standard.rate(Component.OUTPUT), standard.rate(Component.INPUT)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=6))
def test_the_cheapest_output_comes_first_and_then_the_cheapest_input(prices: list[tuple[int, int]]) -> None:
    provider = a_provider()
    models = [a_model(f"model-{number}") for number in range(len(prices))]
    deployments = [
        a_deployment(model, provider, prices=(a_price(output=output, input=input_),))
        for model, (output, input_) in zip(models, prices, strict=True)
    ]
    found = of_tier(snapshot_of(provider, *models, *deployments), ORGANIZATION, "standard", NOW)
    assert [_rates(one) for one in found] == sorted(prices)


def test_models_of_other_tiers_and_of_others_and_without_a_price_are_left_out() -> None:
    provider = a_provider()
    models = [
        a_model("small", tier="economy"),
        a_model("theirs", organization_id=OTHER_ORGANIZATION.id),
        a_model("unpriced"),
        a_model("mine"),
    ]
    deployments = [
        a_deployment(model, provider, prices=() if model.slug == "unpriced" else (a_price(),)) for model in models
    ]
    found = of_tier(snapshot_of(provider, *models, *deployments), ORGANIZATION, "standard", NOW)
    assert [one.model.slug for one in found] == ["mine"]


def test_a_tier_of_which_there_is_nothing_is_not_found() -> None:
    with pytest.raises(errors.NotFound) as caught:
        of_tier(snapshot_of(), ORGANIZATION, "standard", NOW)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "tier_preference")


def test_a_prompt_without_a_model_is_answered_by_the_cheapest_approved_one(
    gateway: RunningGateway, world: World, echo_upstream: Recorder
) -> None:
    provider = world.provider(echo_upstream.url)
    for slug, dollars, approved in (("forbidden", 1, False), ("cheap", 2, True), ("dear", 200, True)):
        model = world.model(slug, approved=approved)
        rates = catalogue.Rates(input=money.from_usd(1), output=money.from_usd(dollars))
        world.deploy(model, provider, rates=rates, upstream_model=slug)
    answer = gateway.post("/v1/generate", headers=world.headers, json={"prompt": "Hello"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["model_used"], answer.json()["tier_used"]) == ("cheap", "standard")
    assert echo_upstream.last_body()["model"] == "cheap"
    assert settlement_of(world, answer.json()["request_id"]).model == "cheap"


def test_a_tier_nobody_offers_is_told(gateway: RunningGateway, world: World, echo_upstream: Recorder) -> None:
    world.serve("helper", echo_upstream.url)
    asked = {"prompt": "Hello", "tier_preference": "diamond"}
    answer = gateway.post("/v1/generate", headers=world.headers, json=asked)
    assert (answer.status_code, answer.json()["error"]["param"]) == (404, "tier_preference")


def test_money_is_held_only_for_what_will_be_tried(
    gateway: RunningGateway, world: World, echo_upstream: Recorder
) -> None:
    provider = world.provider(echo_upstream.url)
    model = world.model("helper")
    for position, dollars in enumerate((1, 1, 10_000)):
        rates = catalogue.Rates(input=0, output=money.from_usd(dollars))
        world.deploy(model, provider, rates=rates, position=position, upstream_model=f"dummy-{position}")
    asked = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10}
    answer = gateway.post("/v1/chat/completions", headers=world.headers, json=asked)
    assert settlement_of(world, answer.headers["x-request-id"]).held_nano_usd == 2 * 10 * 1_000
