"""The operations page: how calls fared, by whom they were answered, and what is told of whom to whom."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from audit.usage.operations import Latencies
from governance.models import Deployment
from kit import clock
from kit.scoping import within
from portal.operations import day
from tenants.models import Role
from tests.support import cast
from tests.support.cast import Cast, Person, browser
from tests.support.settled import settled


@pytest.fixture(scope="module")
def company() -> Cast:
    """Two deployments: one good with 38 calls, one with 4 of which 3 failed, 2 of them by its own fault."""
    acme = cast.assemble()
    for slug, calls in (("steady", [{}] * 38), ("shaky", [{}, *_failures("server_error", "timeout", "bad_request")])):
        acme.world.serve(slug)
        for call in calls:
            settled_at(acme, slug, **call)
    return acme


def _failures(*errors: str) -> list[dict[str, Any]]:
    return [{"outcome": "failed", "error": error, "latency_ms": None, "first_event_ms": None} for error in errors]


def settled_at(acme: Cast, slug: str, *, minutes_ago: int = 20, **columns: Any) -> None:
    with within(acme.world.system.scope):
        deployment = Deployment.objects.get(model__slug=slug)
    at = clock.now() - timedelta(minutes=minutes_ago)
    where = {"deployment_id": deployment.id, "provider_id": deployment.provider_id}
    timed = {"latency_ms": 900, "first_event_ms": 100}
    settled(acme.world, slug, team=acme.world.team, key=acme.world.key, at=at, **where | timed | columns)


def table(person: Person, query: str) -> list[dict[str, str]]:
    answer = browser(person).get(f"/operations/?export=csv&{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def test_failures_are_told_of_who_failed_and_not_of_what_callers_did_wrong(company: Cast) -> None:
    rows = {row["Model"]: row for row in table(company.ada, "by=model&span=6h")}

    assert (rows["steady"]["Requests"], rows["steady"]["Failed"], rows["steady"]["Available, %"]) == (
        "38",
        "0",
        "100.00",
    )
    assert (rows["shaky"]["Requests"], rows["shaky"]["Failed"], rows["shaky"]["Error rate, %"]) == ("4", "2", "50.00")
    assert rows["shaky"]["Available, %"] == "0.00"
    assert rows["All"]["Requests"] == "42"


def test_times_are_those_of_answers_that_ended_well(company: Cast) -> None:
    [steady] = [row for row in table(company.ada, "by=deployment&span=24h") if row["Deployment"].startswith("steady")]

    assert 900 <= int(steady["p95, ms"]) < 900 * 1.19
    assert 100 <= int(steady["First event p50, ms"]) < 119


def test_a_page_is_narrowed_by_what_is_clicked(company: Cast) -> None:
    page = browser(company.bob).get("/operations/?by=model&span=6h").content.decode()
    assert "?span=6h&amp;day=&amp;by=deployment&amp;provider=&amp;model=steady" in page

    narrowed = browser(company.bob).get("/operations/?span=6h&by=deployment&model=steady").content.decode()
    assert "steady at" in narrowed
    assert "shaky at" not in narrowed


def test_people_of_a_team_see_the_calls_of_their_team(company: Cast) -> None:
    other, _ = company.world.new_team("research")
    lead = cast.join(company.world, "Rita", Role.TEAM_LEAD, other)

    assert [row["Requests"] for row in table(company.bob, "by=model") if row["Model"] == "steady"] == ["38"]
    assert [row["Requests"] for row in table(lead, "by=model")] == ["0"]
    assert b"No call went to a model" in browser(lead).get("/operations/").content


def test_what_is_no_choice_is_told_and_shown_as_usual(company: Cast) -> None:
    page = browser(company.ada).get("/operations/?span=year&by=moon&provider=nobody&day=noon").content.decode()

    assert page.count("is not one of the available choices") == 3
    assert "Enter a valid date" in page
    assert "By provider" in page


def test_a_day_of_before_is_looked_at_as_it_was(company: Cast) -> None:
    long_ago = clock.now() - timedelta(days=3)
    settled_at(company, "steady", minutes_ago=3 * 24 * 60)

    assert table(company.ada, f"day={long_ago:%Y-%m-%d}&by=model")[-1]["Requests"] == "1"
    assert b"No call went to a model" in browser(company.ada).get("/operations/?day=2020-02-29").content


def test_the_day_on_which_clocks_go_back_has_25_hours() -> None:
    span, ends = day(date(2026, 10, 25), "Europe/Berlin")
    assert (span.length, ends) == (timedelta(hours=25), datetime(2026, 10, 25, 23, tzinfo=UTC))


def test_developers_see_neither_figures_nor_files(company: Cast) -> None:
    assert browser(company.dev).get("/operations/").status_code == 403
    assert browser(company.dev).get("/operations/?export=csv").status_code == 403
    assert browser(company.dev).get("/operations/savings/?export=csv&table=cache").status_code == 403


def test_a_percentile_is_the_end_of_its_bucket() -> None:
    answers = Latencies({4: 90, 40: 9, 80: 1})

    assert [answers.percentile(share) for share in (0.5, 0.9, 0.95, 0.99, 1)] == [2, 2, 1024, 1024, 2**20]
    assert Latencies({}).percentile(0.5) is None
