"""What pages and lists ask the database: the same for many rows as for few, and no more than is written down here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.models import RiskTier
from governance.services.approvals.content import Terms
from tests.portal.api.caller import Script
from tests.portal.query_counts import LISTS, PAGES
from tests.support import cast, filling
from tests.support.cast import Cast
from tests.support.settled import settled

FEW, MANY = 2, 12


@dataclass(frozen=True, slots=True)
class Filled:
    """A company with so many rows of each kind, and the ids that addresses name: each of a row in the middle."""

    company: Cast
    ids: dict[str, str]


def _fill(number: int) -> Filled:
    company = cast.assemble()
    projects = filling.teams(company, number)
    uses = filling.use_cases(company, projects)
    providers = filling.providers(company, number)
    models = [
        model
        for each, provider in enumerate(providers)
        for model in filling.models(company, provider, range(2 * each, 2 * each + 2))
    ]
    waiting, live = models[::2], models[1::2]
    evidence = filling.evidence(company, waiting)
    terms = [
        Terms(teams=[project.team_id], use_cases=[use.id], risk_tier=RiskTier.LOW, evidence=[row.id])
        for project, use, row in zip(projects, uses, evidence, strict=True)
    ]
    asked = filling.requests(company, waiting, terms)
    filling.attach(asked, evidence)
    granted = [Terms(teams=each.teams, use_cases=each.use_cases) for each in terms]
    filling.approve(company, filling.requests(company, live, granted))
    filling.other_systems(company, number)
    filling.routes(company, models[:number])
    filling.notices(company, asked)
    filling.people(company, number)
    filling.suspend(company, live)
    for project, model in zip(projects, live, strict=True):
        settled(company.world, model.slug, team=project.team, project=project)
    increases = filling.increases(company)
    middle = number // 2
    return Filled(
        company,
        {
            "model": str(live[middle].id),
            "waiting": str(waiting[middle].id),
            "request": str(asked[middle].id),
            "provider": str(providers[middle].id),
            "evidence": str(evidence[middle].id),
            "increase": str(increases[middle].id),
        },
    )


@pytest.fixture(scope="module")
def few() -> Filled:
    return _fill(FEW)


@pytest.fixture(scope="module")
def many() -> Filled:
    return _fill(MANY)


@pytest.mark.parametrize(("who", "page", "most"), PAGES)
def test_a_page_asks_no_more_for_many_rows_than_for_few(
    few: Filled, many: Filled, who: str, page: str, most: int
) -> None:
    _compare(few, many, lambda filled: _looking(filled, who, page), most)


@pytest.mark.parametrize(("who", "path", "most"), LISTS)
def test_a_list_of_the_management_api_asks_no_more_for_many_rows_than_for_few(
    few: Filled, many: Filled, who: str, path: str, most: int
) -> None:
    _compare(few, many, lambda filled: _calling(filled, who, path), most)


def _compare(few: Filled, many: Filled, asks: Callable[[Filled], list[str]], most: int) -> None:
    asks(few)  # the first look warms what is kept for the process
    before, after = asks(few), asks(many)
    grown = Counter(after) - Counter(before)
    assert not grown, f"asked for each row: {_told(grown)}"
    assert len(after) <= most, f"{len(after)} queries, of which some may be new: {_told(Counter(after))}"


def _looking(filled: Filled, who: str, page: str) -> list[str]:
    client, address = cast.browser(getattr(filled.company, who)), page.format(**filled.ids)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return [_shape(query["sql"]) for query in asked]


def _calling(filled: Filled, who: str, path: str) -> list[str]:
    script, address = Script(getattr(filled.company, who)), path.format(**filled.ids)
    with CaptureQueriesContext(connection) as asked:
        assert script.get(address).status_code == 200
    return [_shape(query["sql"]) for query in asked]


def _shape(sql: str) -> str:
    """The query without its values: lists of ids are as good as one id."""
    plain = re.sub(r"'[^']*'(::\w+(\[\])?)?", "?", sql)
    plain = re.sub(r"ARRAY\[[^\]]*\]", "?", plain)
    plain = re.sub(r"\b\d+(\.\d+)?\b", "?", plain)
    plain = re.sub(r"\(\?\)", "?", plain)
    plain = re.sub(r"\(\?(, \?)*\)", "(?)", plain)
    plain = re.sub(r'"_django_curs_\w+"', "cursor", plain)
    return re.sub(r"SAVEPOINT \S+", "SAVEPOINT", plain)


def _told(queries: Counter[str]) -> str:
    return "".join(f"\n  {number} × {sql[:600]}" for sql, number in queries.most_common())
