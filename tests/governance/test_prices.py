"""Prices with all the rates that providers have, and none that could not be charged by."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.serializers import ValidationError

from audit.pricing.quantities import Component
from audit.pricing.schedule import SERVICE_TIERS, Rate
from governance import price_lines
from governance.models import Price
from governance.rest.prices import PercentField
from governance.services import catalogue
from governance.services.catalogue import Rates
from kit import errors, money
from kit.scoping import within
from tests.support.acts import new_deployment
from tests.support.world import World

USD = 10**9
BATCH = (Rate(Component.INPUT, USD, "batch"), Rate(Component.OUTPUT, 2 * USD, "batch"))
RATES = st.builds(
    Rate,
    st.sampled_from(Component),
    st.integers(0, 10**15),
    st.sampled_from(SERVICE_TIERS),
    st.sampled_from([0, 200_000]),
)


def _set(world: World, **rates: Any) -> Price:
    with within(world.admin.scope):
        return catalogue.set_price(
            actor=world.admin,
            deployment=new_deployment(world),
            rates=Rates(USD, 2 * USD, **rates),
            effective_from=world.now,
            now=world.now,
        )


def test_a_price_keeps_every_rate_and_where_it_comes_from(world: World) -> None:
    writes = Rate(Component.CACHE_WRITE, 5 * USD)
    price = _set(world, further=(*BATCH, writes), discount_ppm=150_000, reference="contract 7")
    with within(world.admin.scope):
        kept = Price.objects.get(id=price.id)
    assert kept.further() == (*BATCH, writes)
    assert kept.schedule.band("batch", 1).rate(Component.OUTPUT) == 2 * USD
    assert (kept.schedule.discount_ppm, kept.reference) == (150_000, "contract 7")


@pytest.mark.parametrize(
    ("further", "lack"),
    [
        (BATCH[:1], "what output costs"),
        ((Rate(Component.INPUT, 5),), "given twice"),
        ((Rate(Component.CACHE_WRITE, 5), Rate(Component.CACHE_WRITE, 6)), "given twice"),
    ],
)
def test_half_a_price_is_refused_in_words(world: World, further: tuple[Rate, ...], lack: str) -> None:
    with pytest.raises(errors.InvalidRequest, match=lack):
        _set(world, further=further)


def _as_json(**changed: Any) -> dict[str, Any]:
    return {"component": "cache_write", "service_tier": "standard", "above_input_tokens": 0, "nano_usd": 5, **changed}


@pytest.mark.parametrize(
    "further",
    [
        {},
        "cache_write",
        [5],
        [None],
        [[]],
        [{}],
        [_as_json(component="tips")],
        [_as_json(component=None)],
        [_as_json(component="input")],
        [_as_json(service_tier="turbo")],
        [_as_json(above_input_tokens=-1)],
        [_as_json(above_input_tokens="0")],
        [_as_json(above_input_tokens=0.5)],
        [_as_json(nano_usd=-1)],
        [_as_json(nano_usd=1.5)],
        [_as_json(nano_usd="5")],
        [_as_json(nano_usd=10**15 + 1)],
        [_as_json(note="more")],
        [_as_json(), _as_json(nano_usd=6)],
        [_as_json(service_tier="batch")],
        [_as_json(service_tier="batch", component="input")],
    ],
)
def test_what_could_not_be_charged_by_is_no_price(further: Any) -> None:
    assert not _database_calls_whole(further)


def test_the_database_refuses_it_whoever_writes_it(world: World) -> None:
    deployment = new_deployment(world)
    price = Price(
        organization_id=deployment.organization_id,
        deployment=deployment,
        effective_from=world.now,
        input_nano_usd_per_million=1,
        cached_input_nano_usd_per_million=1,
        output_nano_usd_per_million=1,
        further_rates=[_as_json(service_tier="batch")],
    )
    refused = pytest.raises(IntegrityError, match="price_rates_are_whole")
    with within(world.admin.scope), refused, transaction.atomic():
        Price.objects.bulk_create([price])


@given(st.lists(RATES, max_size=6))
def test_the_database_and_the_schedule_agree_on_what_a_price_is(rates: list[Rate]) -> None:
    price = Price(
        input_nano_usd_per_million=1,
        cached_input_nano_usd_per_million=1,
        output_nano_usd_per_million=1,
        further_rates=[{**_as_json(), "component": rate.component.value} | _numbers(rate) for rate in rates],
    )
    try:
        price.schedule  # noqa: B018
        is_whole = True
    except ValueError:
        is_whole = False
    assert _database_calls_whole(price.further_rates) == is_whole


def _database_calls_whole(further: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT governance_rates_are_whole(%s::jsonb)", [orjson.dumps(further).decode()])
        (found,) = cursor.fetchone()
    return bool(found)


def _numbers(rate: Rate) -> dict[str, Any]:
    return {
        "service_tier": rate.service_tier,
        "above_input_tokens": rate.above_input_tokens,
        "nano_usd": rate.nano_usd,
    }


@given(RATES)
def test_a_line_of_text_says_what_a_rate_is(rate: Rate) -> None:
    assert price_lines.read([price_lines.written(rate)]) == (rate,)


@pytest.mark.parametrize("line", ["input", "input x", "turbo input 5", "tips 5", ">x input 5", "input 1.2.3", "5"])
def test_a_line_that_is_no_rate_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=f"“{line}”".replace(".", r"\.")):
        price_lines.read([line])


def test_lines_are_read_as_people_write_them() -> None:
    assert price_lines.read(["  cache_write   $3.75", "", "batch >200_000 input 0.0000000001"]) == (
        Rate(Component.CACHE_WRITE, money.from_usd("3.75")),
        Rate(Component.INPUT, 1, "batch", 200_000),
    )


@pytest.mark.parametrize(("entered", "ppm"), [("0", 0), ("15", 150_000), ("0.0001", 1), ("100", 1_000_000)])
def test_a_discount_is_entered_in_per_cent(entered: str, ppm: int) -> None:
    field = PercentField()
    assert field.run_validation(entered) == ppm
    assert field.to_representation(ppm) == entered


@pytest.mark.parametrize("entered", ["-1", "100.1", "0.00001", "much", None])
def test_what_is_no_discount_is_refused(entered: str | None) -> None:
    with pytest.raises(ValidationError):
        PercentField().run_validation(entered)
