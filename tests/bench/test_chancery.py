"""The gateway as the benchmarks start it: what they measure must answer."""

from __future__ import annotations

from pathlib import Path

from tests.bench import load, upstream
from tests.bench.load import Stretch
from tests.bench.survey import paths
from tests.bench.target import Place
from tests.bench.targets import chancery
from tests.bench.targets.chancery import Seed

BRIEFLY = Stretch(connections=2, seconds=1, warm_up_seconds=0)


def test_every_path_of_the_survey_is_answered_as_meant(tmp_path: Path) -> None:
    servers = upstream.start(tmp_path)
    try:
        place = Place(tmp_path, servers)
        with chancery.installed(place) as installation:
            gateway = installation.target("gateway", Seed(organizations=2), "bench").start(place)
            try:
                for path in paths.of(gateway):
                    seen = load.plain(path.request, BRIEFLY, {})
                    assert seen.requests > 0
                    assert seen.failures == (seen.requests if path.refuses else 0)
            finally:
                gateway.stop()
    finally:
        servers.stop()
