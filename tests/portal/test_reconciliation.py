"""A provider's export beside the ledger, and what explains the differences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from audit.models import Settlement
from audit.usage import reconcile, rollups
from audit.usage.reconcile import Theirs, Why
from audit.usage.totals import Figures
from governance.models import Deployment, Provider
from kit import clock
from kit.ids import first_id_at, new_id
from kit.scoping import within
from tests.support.cast import Cast
from tests.support.world import World

USD = 10**9
DAY = (clock.now() - timedelta(days=1)).date()
OURS = Figures(requests=3, input_tokens=1_000, output_tokens=500, nano_usd=2 * USD)
PARTLY = Figures(requests=3, input_tokens=1_000, output_tokens=500, nano_usd=2 * USD, estimated_nano_usd=USD)


@pytest.mark.parametrize(
    ("theirs", "ours", "why"),
    [
        (Theirs(1_000, 500, 2 * USD), OURS, None),
        (Theirs(1_005, None, None), OURS, None),
        (Theirs(None, None, 2 * USD + USD // 100), OURS, None),
        (Theirs(9, 9, USD), None, Why.ONLY_THEIRS),
        (Theirs(0, 0, 0), None, None),
        (None, OURS, Why.ONLY_OURS),
        (Theirs(600, 300, USD), PARTLY, Why.ESTIMATED),
        (Theirs(600, 300, USD // 2), PARTLY, Why.TOKENS),
        (Theirs(2_000, 500, 2 * USD), OURS, Why.TOKENS),
        (Theirs(1_000, 500, 3 * USD), OURS, Why.PRICE),
        (Theirs(None, None, 3 * USD), OURS, Why.COST),
    ],
)
def test_a_difference_is_explained(theirs: Theirs | None, ours: Figures | None, why: Why | None) -> None:
    place = DAY, "gpt-5"
    found = reconcile.compare({place: theirs} if theirs else {}, {place: ours} if ours else {}, tolerance_ppm=10_000)
    assert [one.why for one in found] == ([why] if why else [])


def settle(world: World, deployment: Deployment, cost: int, *, estimated: bool = False) -> Settlement:
    at = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    settled = Settlement(
        request_id=UUID(f"{first_id_at(at).hex[:13]}{new_id().hex[13:]}"),
        organization_id=world.organization.id,
        team_id=world.team.id,
        deployment_id=deployment.id,
        provider_id=deployment.provider_id,
        outcome_record_id=new_id(),
        model="ours",
        outcome="completed",
        estimated=estimated,
        input_tokens=100,
        cached_input_tokens=0,
        output_tokens=50,
        reasoning_tokens=0,
        cost_nano_usd=cost,
        held_nano_usd=cost,
        admitted_at=at,
        settled_at=at,
        budgets={},
    )
    Settlement.across_tenants.using("migrator").bulk_create([settled])
    return settled


@pytest.fixture
def provider(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Of two deployments, one of which has a call that is estimated."""
    monkeypatch.setenv("CHANCERY_TOKEN", acme.ada.token())
    world = acme.world
    provider = world.provider("http://127.0.0.1:9/v1")
    for model, upstream, estimated in (("five", "openai/gpt-5-2025-08-07", False), ("mini", "gpt-5-mini", True)):
        deployment = world.deploy(world.model(model, approved=False), provider, upstream_model=upstream)
        settle(world, deployment, USD + 1 + estimated, estimated=estimated)
    rollups.roll_up()
    return provider


def compare(file: Path, provider: Provider, *arguments: str) -> list[str]:
    said = StringIO()
    call_command("invoices", "compare", str(file), "--provider", provider.name, *arguments, stdout=said)
    return said.getvalue().splitlines()


def test_an_export_is_compared_by_command(acme: Cast, provider: Provider, tmp_path: Path) -> None:
    file = tmp_path / "november.csv"
    file.write_text(f"day,model,cost_usd\n{DAY},gpt-5-2025-08-07,1.00\n{DAY},gpt-5-mini,0.25\n{DAY},gpt-4o,3\n")
    said = compare(file, provider)
    with within(acme.ada.actor.scope):
        [estimated] = Settlement.objects.filter(estimated=True, provider_id=provider.id)
    assert said[0].endswith("theirs $4.25, ours $2.00")
    assert said[1:] == [
        f"~ {DAY} gpt-4o: {Why.ONLY_THEIRS}; $3.00 more than ours",
        f"~ {DAY} gpt-5-mini: {Why.ESTIMATED}; $0.75 less than ours",
        f"    estimated: {estimated.request_id}",
        "2 of 3 days and models differ",
    ]


def test_an_export_of_days_alone_is_compared_with_all_models(provider: Provider, tmp_path: Path) -> None:
    file = tmp_path / "november.csv"
    file.write_text(f"day,model,cost_usd\n{DAY},,2.00\n")
    assert compare(file, provider)[-1] == "0 of 1 days and models differ"


def test_what_is_no_export_of_no_provider_is_refused_in_words(provider: Provider, tmp_path: Path) -> None:
    file = tmp_path / "november.csv"
    file.write_text("nothing")
    with pytest.raises(CommandError, match="no rows"):
        compare(file, provider)
    with pytest.raises(CommandError, match="no provider of that name"):
        call_command("invoices", "compare", str(file), "--provider", "nobody")
