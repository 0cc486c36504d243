"""Pages and the management API are counted by how they end, in bounded words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.telemetry import lines
from tests.gateway.telemetry.lines import Since, Watched, eventually


@pytest.fixture
def watched(environment: dict[str, str], tmp_path: Path) -> Iterator[Watched]:
    with lines.watched(environment, tmp_path) as one:
        yield one


def test_pages_are_counted_by_surface_and_class_of_status(watched: Watched) -> None:
    since = Since(watched)
    for path in ("/sign-in/", "/sign-in/", "/no-page-canary", "/api/no-list-canary/"):
        watched.gateway.get(path)
    eventually(lambda: since.sum("chancery_pages_total") == 4)

    assert since.sum("chancery_pages_total", surface="pages", status="2xx") == 2
    assert since.sum("chancery_pages_total", surface="pages", status="4xx") == 1
    assert since.sum("chancery_pages_total", surface="api", status="4xx") == 1
    assert since.sum("chancery_page_duration_seconds_count") == 4
    assert "canary" not in watched.page()
