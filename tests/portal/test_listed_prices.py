"""A price list is compared with the prices in force, and followed by a declaration that somebody applies."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command

from audit.pricing.quantities import Component
from audit.pricing.schedule import Rate
from governance.models import Model, Price
from governance.services.catalogue import Rates
from kit.scoping import within
from tests.support.cast import Cast

USD = 10**9
LIST = {
    "gpt-5": {
        "input_cost_per_token": 1.25e-06,
        "cache_read_input_token_cost": 1.25e-07,
        "output_cost_per_token": 1e-05,
        "input_cost_per_token_flex": 6.25e-07,
        "output_cost_per_token_flex": 5e-06,
        "output_cost_per_second": 1.0,
    }
}
DAY = "2026-12-01"


@pytest.fixture
def listed(tmp_path: Path, acme: Cast, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHANCERY_TOKEN", acme.ada.token())
    file = tmp_path / "prices.json"
    file.write_bytes(orjson.dumps(LIST))
    return file


def deploy(acme: Cast, upstream_model: str, **rates: Any) -> Model:
    model = acme.world.model(upstream_model.replace("/", "-"), approved=False)
    provider = acme.world.provider("http://127.0.0.1:9/v1")
    acme.world.deploy(model, provider, rates=Rates(**rates), upstream_model=upstream_model)
    return model


def compare(listed: Path, *arguments: str) -> list[str]:
    said = StringIO()
    call_command("prices", "compare", "--list", str(listed), "--from", DAY, *arguments, stdout=said)
    return said.getvalue().splitlines()


def test_what_differs_is_said_rate_by_rate(acme: Cast, listed: Path) -> None:
    deploy(acme, "openai/gpt-5", input=2 * USD, output=10 * USD)
    deploy(acme, "in-house", input=USD, output=USD)
    said = compare(listed)
    assert said[0].startswith("prices.json, sha256 ")
    assert next(line for line in said if line.startswith("?")).endswith("not in the list")
    assert [line.strip() for line in said if line.startswith("    ")] == [
        "- cached_input 2",
        "- input 2",
        "+ cached_input 0.125",
        "+ flex input 0.625",
        "+ flex output 5",
        "+ input 1.25",
        "not taken over: output_cost_per_second",
    ]
    assert said[-1] == "1 differ, 0 same, 1 not listed"


def test_the_declaration_makes_it_so_and_keeps_the_discount(acme: Cast, listed: Path, tmp_path: Path) -> None:
    model = deploy(acme, "openai/gpt-5", input=2 * USD, output=10 * USD, discount_ppm=150_000)
    file = tmp_path / "prices.yaml"
    compare(listed, "--output", str(file))
    call_command("apply", str(file), stdout=StringIO())
    with within(acme.ada.actor.scope):
        price = Price.objects.filter(deployment__model=model).latest("effective_from")
    assert price.effective_from.isoformat() == "2026-12-01T00:00:00+00:00"
    assert price.cached_input_nano_usd_per_million == USD // 8
    assert Rate(Component.OUTPUT, 5 * USD, "flex") in price.further()
    assert price.discount_ppm == 150_000
    assert price.reference.startswith("prices.json, sha256 ")

    assert compare(listed)[-1] == "0 differ, 1 same, 0 not listed"


def test_nothing_is_entered_by_comparing(acme: Cast, listed: Path) -> None:
    deploy(acme, "gpt-5", input=2 * USD, output=10 * USD)
    compare(listed)
    with within(acme.ada.actor.scope):
        assert Price.objects.count() == 1


def test_the_list_that_is_installed_is_the_one_without_a_file(acme: Cast, listed: Path) -> None:
    deploy(acme, "gpt-4o", input=2 * USD, output=10 * USD)
    said = StringIO()
    call_command("prices", "compare", "--from", DAY, stdout=said)
    assert said.getvalue().startswith("litellm 1.")


def test_what_is_no_list_is_refused(acme: Cast, listed: Path) -> None:
    listed.write_text("no list")
    with pytest.raises(CommandError):
        compare(listed)
