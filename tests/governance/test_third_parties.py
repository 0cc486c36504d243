"""What is known of providers as third parties, and what is said to be missing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from governance import third_party
from governance.models import Agreement, Provider, ThirdPartyFile
from governance.services import third_parties
from kit import clock
from kit.scoping import within
from tests.support.world import World

TODAY = date(2026, 6, 15)
KNOWN: dict[str, Any] = {
    "location": "Ireland",
    "retention_days": 0,
    "trains_on_data": False,
    "criticality": "ordinary",
}


def known(world: World, provider: Provider, **facts: Any) -> ThirdPartyFile:
    with within(world.admin.scope):
        return third_parties.describe(actor=world.admin, provider=provider, facts=facts)


def agreed(
    world: World, provider: Provider, signed: int = -400, until: int | None = None, kind: str = "dpa"
) -> Agreement:
    """Signed, and good until, so many days from today."""
    with within(world.admin.scope):
        return third_parties.add_agreement(
            actor=world.admin,
            provider=provider,
            kind=kind,
            reference="contracts",
            signed_on=TODAY + timedelta(days=signed),
            valid_until=None if until is None else TODAY + timedelta(days=until),
            now=world.now,
        )


def gaps(world: World, provider: Provider) -> list[str]:
    with within(world.admin.scope):
        return third_party.gaps(Provider.objects.get(id=provider.id), TODAY)


@pytest.fixture
def provider(world: World) -> Provider:
    return world.provider("https://models.example.com/v1")


def test_of_a_new_provider_everything_is_missing(world: World, provider: Provider) -> None:
    assert gaps(world, provider) == [
        "No data processing agreement is on file.",
        "Where it processes data is not known.",
        "How long it keeps prompts is not known.",
        "Whether it trains on our data is not known.",
        "How critical the function is that it supports is not known.",
    ]


def test_with_all_of_it_nothing_is_missing(world: World, provider: Provider) -> None:
    known(world, provider, **KNOWN)
    agreed(world, provider)
    assert gaps(world, provider) == []


def test_our_own_servers_and_the_dummy_are_no_third_parties(world: World, provider: Provider) -> None:
    known(world, provider, is_own=True)
    assert gaps(world, provider) == gaps(world, world.provider()) == []


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (-1, ["The data processing agreement is not in force; it ended on 14 Jun 2026."]),
        (0, ["The data processing agreement ends on 15 Jun 2026."]),
        (30, ["The data processing agreement ends on 15 Jul 2026."]),
        (31, []),
    ],
)
def test_an_agreement_is_pointed_out_from_thirty_days_before_its_end(
    world: World, provider: Provider, until: int, said: list[str]
) -> None:
    known(world, provider, **KNOWN)
    agreed(world, provider, until=until)
    assert gaps(world, provider) == said


def test_a_newer_agreement_stands_in_for_one_that_has_ended(world: World, provider: Provider) -> None:
    known(world, provider, **KNOWN)
    agreed(world, provider, until=-1)
    agreed(world, provider, signed=-1)
    assert gaps(world, provider) == []


def test_an_agreement_taken_back_counts_no_more(world: World, provider: Provider) -> None:
    known(world, provider, **KNOWN)
    agreement = agreed(world, provider)
    with within(world.admin.scope):
        third_parties.end_agreement(actor=world.admin, agreement=agreement, now=clock.now())
    assert gaps(world, provider) == ["No data processing agreement is on file."]


def test_a_critical_function_takes_an_exit_plan_and_audits(world: World, provider: Provider) -> None:
    agreed(world, provider)
    known(world, provider, **{**KNOWN, "criticality": "critical", "audited_on": date(2025, 1, 31)})
    assert gaps(world, provider) == [
        "Which function it supports is not said.",
        "Whether it can be replaced is not known.",
        "There is no exit plan.",
        "The last audit was on 31 Jan 2025, more than a year ago.",
    ]


def test_what_is_left_out_of_a_file_stays(world: World, provider: Provider) -> None:
    known(world, provider, location="Ireland", retention_days=30)
    file = known(world, provider, retention_days=0)
    assert (file.location, file.retention_days) == ("Ireland", 0)


def test_an_agreement_does_not_end_before_it_is_signed(world: World, provider: Provider) -> None:
    with pytest.raises(ValidationError, match="agreement_ends_after_it_is_signed"):
        agreed(world, provider, signed=0, until=-1)


def test_an_agreement_that_ended_does_not_come_back_by_raw_sql(world: World, provider: Provider) -> None:
    agreement = agreed(world, provider)
    with within(world.admin.scope):
        third_parties.end_agreement(actor=world.admin, agreement=agreement, now=clock.now())
        with pytest.raises(IntegrityError, match="what is over"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE governance_agreement SET ended_at = NULL WHERE id = %s", [agreement.id])
