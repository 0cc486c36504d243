from __future__ import annotations

import pytest

from tests.isolation import walls
from tests.isolation.walls import Estate, Wall


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
