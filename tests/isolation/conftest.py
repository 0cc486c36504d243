from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.db.models import Manager

from kit.tenant_owned import ScopedManager
from tests.isolation import callers as people
from tests.isolation import tally, walls
from tests.isolation.callers import Callers
from tests.isolation.tally import BOTH, DATABASE, WHOLE
from tests.isolation.walls import Estate, Wall


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the daily suite the pages of the admin are asked for with both walls: what they read, the API and the screens
    read too, and those are asked for again with the second alone. `make isolation` does all of it twice."""
    if os.environ.get(WHOLE):
        return
    left_out = [item for item in items if DATABASE in item.name and _is_of_the_admin(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _is_of_the_admin(item: pytest.Item) -> bool:
    return "/admin/" in item.name or "of_the_admin" in item.name


@pytest.fixture(scope="session")
def estate() -> Estate:
    return walls.build_estate()


@pytest.fixture(scope="session")
def other_estate() -> Estate:
    return walls.build_estate()


@pytest.fixture(scope="session")
def all_walls(estate: Estate, other_estate: Estate) -> dict[str, Wall]:
    return {
        walls.ORGANIZATION: Wall(walls.ORGANIZATION, estate.as_a_whole, other_estate.as_a_whole),
        walls.TEAM: Wall(walls.TEAM, estate.team(0), estate.team(1)),
    }


@pytest.fixture(scope="session")
def callers(estate: Estate, other_estate: Estate) -> Callers:
    return people.gather(estate, other_estate)


@pytest.fixture(params=[BOTH, DATABASE])
def standing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which walls stand. In the second pass the scoped managers give every row, and PostgreSQL has to hold alone."""
    if request.param == DATABASE:
        monkeypatch.setattr(ScopedManager, "get_queryset", Manager.get_queryset)
    return str(request.param)


@pytest.fixture(autouse=True)
def _attempts_are_counted(request: pytest.FixtureRequest) -> Iterator[None]:
    tally.taken()
    yield
    request.node.user_properties.append(("attempts", tally.taken()))
