"""One watched gateway for the tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.telemetry.lines import Watched
from tests.gateway.telemetry.lines import watched as watching


@pytest.fixture(scope="session")
def watched(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watching(environment, tmp_path_factory.mktemp("watched"), METRICS_BY_ORGANIZATION="true") as found:
        yield found
