"""What could be saved: worked out at prices in force, for those who may act on it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from audit.pricing.quantities import Component
from audit.pricing.schedule import Rate
from governance.models import Deployment
from governance.services import catalogue
from kit import clock, money
from kit.data_class import DataClass
from kit.scoping import within
from tenants.models import ApiKey
from tests.support import cast
from tests.support.acts import new_use_case
from tests.support.cast import Cast, Person, browser
from tests.support.settled import settled

DEAR = catalogue.Rates(input=money.from_usd(10), output=money.from_usd(20), cached_input=money.from_usd(1))
CHEAP = catalogue.Rates(input=money.from_usd(1), output=money.from_usd(2))


@pytest.fixture
def acme() -> Cast:
    return cast.assemble()


def called(acme: Cast, slug: str, **columns: Any) -> None:
    """A thousand tokens in and a hundred out, at the price of the deployment."""
    with within(acme.world.system.scope):
        deployment = Deployment.objects.get(model__slug=slug)
    used: dict[str, Any] = {
        "input_tokens": 1000,
        "output_tokens": 100,
        "cost_nano_usd": 12_000_000,
        "deployment_id": deployment.id,
    }
    world = acme.world
    settled(world, slug, team=world.team, project=world.project, key=world.key, **used | columns)


def table(person: Person, name: str) -> list[dict[str, str]]:
    answer = browser(person).get(f"/operations/savings/?export=csv&table={name}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def test_a_cheaper_model_is_named_with_what_it_would_have_cost(acme: Cast) -> None:
    acme.world.serve("dear", rates=DEAR)
    acme.world.serve("cheap", rates=CHEAP)
    for _ in range(3):
        called(acme, "dear")

    [hint] = table(acme.bob, "cheaper")
    assert (hint["Model"], hint["Instead"].partition(" ")[0], hint["Requests"]) == ("dear", "cheap", "3")
    assert (hint["Cost, USD"], hint["Would cost, USD"], hint["Saving, USD"]) == ("0.036", "0.0036", "0.0324")
    assert "<strong>cheap</strong>" in browser(acme.bob).get("/operations/savings/").content.decode()


@pytest.mark.parametrize(
    "terms", [{"approved": False}, {"tier": "premium"}, {"teams": True}, {"use_cases": True}, {"max_data_class": True}]
)
def test_what_may_not_be_called_instead_is_not_named(acme: Cast, terms: dict[str, Any]) -> None:
    """Not approved, of another tier, or approved for others, for other use cases or for less sensitive data."""
    world = acme.world
    world.serve("dear", rates=DEAR)
    cheap = world.model("cheap", approved=False, tier=terms.get("tier", "standard"))
    world.deploy(cheap, world.provider(), rates=CHEAP)
    other, _ = world.new_team("research")
    if terms != {"approved": False}:
        narrower = {"teams": [other.id], "use_cases": [_use_case(acme)], "max_data_class": DataClass.PUBLIC}
        world.approve(cheap, **{name: narrower[name] for name in terms if name in narrower})
    called(acme, "dear")

    assert table(acme.ada, "cheaper") == []
    assert b"No cheaper model would do" in browser(acme.ada).get("/operations/savings/").content


def _use_case(acme: Cast) -> Any:
    return new_use_case(acme.world, team=acme.world.team).id


def test_a_prompt_cache_saves_the_difference_of_the_prices(acme: Cast) -> None:
    acme.world.serve("dear", rates=DEAR)
    called(acme, "dear", cached_input_tokens=400)
    called(acme, "dear", cached_input_tokens=600)

    [row] = table(acme.ada, "cache")
    assert (row["Input tokens"], row["Of them cached"], row["Saved, USD"]) == ("2000", "1000", "0.009")


def test_gpus_are_shared_out_by_what_each_teams_calls_cost(acme: Cast) -> None:
    gpu = Rate(Component.GPU_SECOND, money.from_usd("0.001"))
    acme.world.serve("own", rates=catalogue.Rates(input=0, output=0, further=(gpu,)))
    acme.world.serve("hosted")
    other, _ = acme.world.new_team("research")
    called(acme, "own", cost_nano_usd=3_000)
    called(acme, "own", cost_nano_usd=1_000, team_id=other.id)
    called(acme, "hosted")

    assert [(row["Team"], row["Share, %"]) for row in table(acme.ada, "gpu")] == [
        ("Payments", "75"),
        ("research", "25"),
    ]


def test_a_key_without_a_call_in_30_days_is_idle(acme: Cast) -> None:
    used, idle, new = acme.world.key, acme.world.new_key()[0], acme.world.new_key()[0]
    acme.world.serve("small")
    called(acme, "small")
    with within(acme.world.system.scope):
        ApiKey.objects.filter(id__in=[used.id, idle.id]).update(created_at=clock.now() - timedelta(days=40))

    assert [row["Prefix"] for row in table(acme.bob, "idle-keys")] == [idle.prefix]
    assert new.prefix not in browser(acme.bob).get("/operations/savings/").content.decode()
    assert table(acme.rob, "idle-keys") == []


def test_the_mix_adds_up_to_what_was_spent(acme: Cast) -> None:
    acme.world.serve("one")
    acme.world.serve("two")
    called(acme, "one", cost_nano_usd=money.NANO)
    called(acme, "two", cost_nano_usd=3 * money.NANO)

    rows = [(row["Model"], row["Requests"], row["Cost, USD"]) for row in table(acme.ada, "model-mix")]
    assert rows == [("two", "1", "3"), ("one", "1", "1")]
    assert b"75.0 %" in browser(acme.ada).get("/operations/savings/").content


def test_a_table_that_is_not_there_is_not_found(acme: Cast) -> None:
    assert browser(acme.ada).get("/operations/savings/?export=csv&table=passwords").status_code == 404
