"""That points are where they say; all of them, under load and with what becomes of the calls, is `make kills`."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.chaos import points, skew
from tests.chaos.points import OF_GATEWAYS
from tests.support import gateway as gateways
from tests.support.gateway import REPOSITORY
from tests.support.ledger import records, settlements
from tests.support.world import World

ASKED = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 16}
# What is on record of the one call, when its process dies there.
LEFT = {"recorded": [], "answered": [], "appending": [], "settled": ["completed"], "counted": ["completed"]}


@pytest.mark.parametrize("point", [point for point in OF_GATEWAYS if point.name in LEFT], ids=lambda point: point.name)
def test_a_gateway_dies_at_the_point(
    environment: dict[str, str], tmp_path: Path, world: World, upstream: str, point: points.Point
) -> None:
    world.serve("helper", upstream)
    orders = points.orders_of(tmp_path, "gateway")
    running = gateways.start(
        environment,
        tmp_path / "log",
        EGRESS_ALLOWED_NETWORKS="127.0.0.0/8",
        PYTHONPATH=os.pathsep.join(map(str, (skew.HOOK, REPOSITORY / "platform", REPOSITORY))),
        CHAOS_KILLS=str(orders),
    )
    points.order(tmp_path, "gateway", point)

    with suppress(httpx.TransportError):
        running.post("/v1/chat/completions", json=ASKED, headers=world.headers)

    assert running.process.wait(10) < 0
    [requested] = records(world, "requested")
    assert points.taken(tmp_path, "gateway", point) == [str(requested.id)]
    assert [settled.outcome for settled in settlements(world)] == LEFT[point.name]
