"""What a request asks for beside what is in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from governance.comparison import compare, end_text, summary
from governance.models import Approval, ApprovalRequest, Model
from governance.services.approvals import content_hash
from kit.data_class import DataClass
from kit.ids import new_id

TEAM, OTHER = new_id(), new_id()
HERE, THERE = new_id(), new_id()
NAMES = {TEAM: "Payments", OTHER: "Research"}
SUMMER = datetime(2027, 7, 1, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture(autouse=True)
def _in_berlin() -> Iterator[None]:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        yield


def _terms(**terms: Any) -> dict[str, Any]:
    return {
        "teams": [],
        "use_cases": [],
        "caller_regions": [],
        "regions": [],
        "deployments": [],
        "max_data_class": DataClass.INTERNAL,
        "expires_at": None,
        **terms,
    }


def _changes(asked: dict[str, Any], in_force: dict[str, Any]) -> dict[str, str]:
    rows = compare(ApprovalRequest(**_terms(**asked)), Approval(**_terms(**in_force)), NAMES)
    return {row.condition: row.change for row in rows if row.change != "same"}


@pytest.mark.parametrize(
    ("condition", "asked", "in_force", "change"),
    [
        ("Data class, at most", {"max_data_class": DataClass.RESTRICTED}, {}, "wider"),
        ("Data class, at most", {"max_data_class": DataClass.PUBLIC}, {}, "narrower"),
        ("Regions", {"regions": ["eu"]}, {}, "narrower"),
        ("Regions", {}, {"regions": ["eu"]}, "wider"),
        ("Regions", {"regions": ["us"]}, {"regions": ["eu"]}, "wider"),
        ("Teams", {"teams": [TEAM]}, {"teams": [TEAM, OTHER]}, "narrower"),
        ("Teams", {"teams": [TEAM, OTHER]}, {"teams": [TEAM]}, "wider"),
        ("Use cases", {"use_cases": [TEAM]}, {}, "narrower"),
        ("Use cases", {}, {"use_cases": [TEAM]}, "wider"),
        ("Regions of callers", {"caller_regions": ["us"]}, {"caller_regions": ["eu"]}, "wider"),
        ("Regions of callers", {"caller_regions": ["us"]}, {"caller_regions": ["eu", "us"]}, "narrower"),
        ("Deployments", {"deployments": [HERE]}, {}, "narrower"),
        ("Deployments", {}, {"deployments": [HERE]}, "wider"),
        ("Deployments", {"deployments": [THERE]}, {"deployments": [HERE]}, "wider"),
        ("End", {"expires_at": SUMMER}, {}, "narrower"),
        ("End", {}, {"expires_at": SUMMER}, "wider"),
    ],
)
def test_each_condition_is_wider_or_narrower_by_itself(
    condition: str, asked: dict[str, Any], in_force: dict[str, Any], change: str
) -> None:
    assert _changes(asked, in_force) == {condition: change}


def test_the_same_conditions_in_another_order_are_the_same() -> None:
    assert _changes({"regions": ["eu", "us"]}, {"regions": ["us", "eu"]}) == {}


@pytest.mark.parametrize(
    ("asked", "in_force", "why"),
    [
        ({}, None, "No approval in force"),
        ({}, {}, "Renews what is in force"),
        ({"max_data_class": DataClass.RESTRICTED, "regions": ["eu"]}, {}, "Wider: data class"),
        ({"regions": ["eu"], "expires_at": SUMMER}, {}, "Narrower: regions, end"),
    ],
)
def test_why_it_waits_is_said_in_a_few_words(asked: dict[str, Any], in_force: dict[str, Any] | None, why: str) -> None:
    live = None if in_force is None else Approval(**_terms(**in_force))

    assert summary(compare(ApprovalRequest(**_terms(**asked)), live, NAMES)) == why


def test_teams_that_are_not_seen_have_no_name() -> None:
    rows = compare(ApprovalRequest(**_terms(teams=[TEAM, UUID(int=0)])), None, NAMES)

    assert next(row.asked for row in rows if row.condition == "Teams") == "Payments, one not shown"


def test_an_end_at_midnight_is_good_through_the_day_before() -> None:
    assert end_text(SUMMER.astimezone(UTC)) == "end of 30 Jun 2027"
    assert end_text(datetime(2027, 6, 30, 10, 30, tzinfo=UTC)) == "30 Jun 2027 12:30"


def test_what_is_signed_does_not_depend_on_the_zone_its_end_is_written_in() -> None:
    model = Model(id=new_id(), version="1")
    berlin, utc = (
        ApprovalRequest(model=model, justification="letters", **_terms(expires_at=end))
        for end in (SUMMER, SUMMER.astimezone(UTC))
    )

    assert content_hash(berlin, ()) == content_hash(utc, ())
