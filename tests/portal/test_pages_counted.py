"""Pages and the management API are counted by how they end, in bounded words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.telemetry.lines import Figures, watched
from tests.support.gateway import METRICS_TOKEN, RunningGateway


def figures(gateway: RunningGateway) -> Figures:
    return Figures(httpx.get(gateway.url + "/metrics", headers={"authorization": f"Bearer {METRICS_TOKEN}"}).text)


@pytest.fixture
def gateway(environment: dict[str, str], tmp_path: Path) -> Iterator[RunningGateway]:
    with watched(environment, tmp_path) as one:
        yield one.gateway


def test_pages_are_counted_by_surface_and_class_of_status(gateway: RunningGateway) -> None:
    before = figures(gateway)
    for path in ("/sign-in/", "/sign-in/", "/no-page-canary", "/api/no-list-canary/"):
        httpx.get(gateway.url + path)
    after = figures(gateway)

    def grown(**labels: str) -> float:
        return after.sum("chancery_pages_total", **labels) - before.sum("chancery_pages_total", **labels)

    assert grown(surface="pages", status="2xx") == 2
    assert grown(surface="pages", status="4xx") == 1
    assert grown(surface="api", status="4xx") == 1
    assert after.sum("chancery_page_duration_seconds_count") - before.sum("chancery_page_duration_seconds_count") == 4
    assert not any("canary" in value for sample in after.samples for value in sample.labels.values())
