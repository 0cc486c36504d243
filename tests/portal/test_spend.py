"""The page of spend: what was spent, why it changed, and the way down to the requests."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from kit import clock, money
from tests.support import cast, filling
from tests.support.cast import Cast, Person, browser
from tests.support.settled import new_call, settle_all

USD = money.NANO


@pytest.fixture(scope="module")
def company() -> Cast:
    """Of two weeks: teams spend as ever, but for a new model of the first."""
    acme = cast.assemble()
    world, now = acme.world, clock.now()
    [use_case] = filling.use_cases(acme, [world.project])
    other, project = world.new_team("research")
    own: dict[str, Any] = {"team": world.team, "project": world.project, "key": world.key}
    others: dict[str, Any] = {"team": other, "project": project}
    calls = [
        ("small", 10, 9, own),
        ("small", 10, 2, own | {"tags": ["nightly", "eu"]}),
        ("large", 80, 1, own | {"use_case_id": use_case.id, "estimated": True}),
        ("large", 3, 0, own | {"outcome": "failed"}),
        ("small", 40, 9, others | {"tags": ["eu"]}),
        ("small", 41, 2, others),
    ]
    settle_all(
        [
            new_call(world, model, cost_nano_usd=cost * USD, at=now - timedelta(days=ago), **terms)
            for model, cost, ago, terms in calls
        ]
    )
    return acme


def shown(person: Person, query: str = "period=7") -> str:
    answer = browser(person).get(f"/spend/?{query}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(answer.content.decode()))


def part(page: str, title: str) -> str:
    """One section of the page, without markup."""
    [found] = re.findall(
        rf"<section class=\"card\">(?:<header>|<div class=\"body\">)<h2[^>]*>{title}</h2>.*?</section>", page
    )
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found)).strip()


def link(page: str, text: str) -> str:
    [found] = set(re.findall(rf'<a href="([^"]+)">{re.escape(text)}(?:<span|</a>)', page))
    return str(found)


def test_it_says_what_was_settled_and_how_it_changed(company: Cast) -> None:
    page = shown(company.ada)
    assert "$134.00" in part(page, "Settled")
    assert "4 requests, 1 not completed; $80.00 of it estimated" in part(page, "Settled")
    assert "+$84.00 +168 % against $50.00" in part(page, "Change")
    assert "$0.00" in part(page, "Held now")
    assert "Payments $93.00 69 %, $80.00 estimated +$83.00 +830 %" in part(page, "By team")


def test_it_says_which_groups_explain_the_change(company: Cast) -> None:
    told = part(shown(company.ada), "What explains the change")
    assert told.index("Payments Team +$83.00 99 % of the change") < told.index("large Model, new +$83.00")


def test_one_goes_down_from_the_whole_to_the_requests(company: Cast) -> None:
    ada, world = company.ada, company.world
    team = shown(ada, link(shown(ada), "Payments").partition("?")[2])
    assert "By project" in team
    project = shown(ada, link(team, str(world.project)).partition("?")[2])
    key = shown(ada, link(project, str(world.key)).partition("?")[2])
    requests = link(key, "large")
    assert requests.startswith("/requests/?since=")
    listed = browser(ada).get(requests).content.decode()
    assert f'name="key_id" value="{world.key.id}"' in listed
    assert 'value="large"' in listed
    assert "is not understood" not in listed
    assert 'class="errorlist"' not in listed


def test_a_bar_leads_to_its_day_and_its_hours_to_their_requests(company: Cast) -> None:
    ada = company.ada
    page = shown(ada)
    yesterday = (clock.now() - timedelta(days=1)).date()
    day = shown(ada, link(page, f"{yesterday:%d %b}").partition("?")[2])
    assert "<h2>Per hour</h2>" in day
    assert "$80.00" in part(day, "Settled")
    [piece] = {each for each in re.findall(r'<a href="([^"]+)" tabindex="-1">', day) if "T" in each}
    assert f"since={yesterday}T" in piece
    assert browser(ada).get(piece).status_code == 200
    assert 'type="datetime-local"' in browser(ada).get(piece).content.decode()


def test_what_is_not_over_is_hatched(company: Cast) -> None:
    assert shown(company.ada).count('fill="url(#hatch)"') == 1
    assert 'fill="url(#hatch)"' not in shown(company.ada, "period=last-month")


@pytest.mark.parametrize(
    "by",
    ["provider", "deployment", "use_case", "operation", "tier", "route", "pipeline", "cache", "outcome", "end_user"],
)
def test_it_is_told_apart_by_whatever_is_counted(company: Cast, by: str) -> None:
    page = shown(company.ada, f"period=7&by={by}")
    for address in re.findall(r'<td><a href="([^"]+)">', page):
        assert browser(company.ada).get(address).status_code == 200


def test_tags_are_told_by_team_and_by_nothing_else(company: Cast) -> None:
    ada = company.ada
    page = shown(ada, "period=30&by=tag")
    assert "eu $50.00" in part(page, "By tag")
    by_team = shown(ada, link(page, "eu").partition("?")[2])
    assert "Payments $10.00" in part(by_team, "By team")
    assert "Not counted by both" in shown(ada, "period=30&by=model&tag=eu")


def test_the_groups_are_taken_away_as_a_file(company: Cast) -> None:
    answer = browser(company.ada).get("/spend/?period=7&by=team&export=csv")
    lines = b"".join(answer).decode("utf-8-sig").splitlines()
    assert lines[0].startswith('Team,"Settled, USD"')
    assert lines[1].startswith("Payments,93,80,10,83,3,1,")


def test_a_team_sees_its_part(company: Cast) -> None:
    page = shown(company.bob)
    assert "$93.00" in part(page, "Settled")
    assert "By project" in page
    assert "research" not in page


def test_what_is_looked_at_is_capped_from_there(company: Cast) -> None:
    world, bob = company.world, company.bob
    page = shown(bob, f"period=7&by=model&key={world.key.id}&model=large")
    form = link_of(page, "Set a budget for this")
    filled = browser(bob).get(form).content.decode()
    assert f'<option value="{world.key.id}" selected' in filled
    assert 'name="model" value="large"' in filled
    assert "Limit its rate" in shown(bob, f"key={world.key.id}")
    assert "Set a budget" not in shown(bob, "by=team")
    assert "Set a budget" not in shown(bob, "outcome=failed")
    assert "Set a budget for this" not in shown(company.rob, f"key={world.key.id}")


def link_of(page: str, text: str) -> str:
    [found] = re.findall(rf'href="([^"]+)">{text}</a>', page)
    return str(found)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("team=me", "Not understood: team."),
        ("period=never", "Select a valid choice"),
        ("period=between&since=2026-02-02&until=2026-01-01", "After the first day"),
        ("period=between&since=2020-01-01&until=2026-01-01", "not later than 400 days"),
        ("by=colour", "Select a valid choice"),
    ],
)
def test_what_is_not_understood_is_said(company: Cast, query: str, complaint: str) -> None:
    assert complaint in shown(company.ada, query)


@pytest.mark.parametrize(
    "query", ["period=between&since=2025-01-01&until=2025-01-02", f"project={UUID(int=1)}", "model=no-such"]
)
def test_where_nothing_was_spent_it_says_so(company: Cast, query: str) -> None:
    assert "Nothing was spent" in shown(company.ada, query)
