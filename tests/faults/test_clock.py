"""A worker whose clock is set by an hour while it answers: the call comes to its end, in the books too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.chaos import skew
from tests.faults import load
from tests.support import gateway as gateways
from tests.support.gateway import REPOSITORY, RunningGateway
from tests.support.ledger import settlements
from tests.support.world import World

NAME = "worker"
SLOW = {**load.STREAM, "metadata": {"dummy": "tokens=10 interval_ms=60"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clock")


@pytest.fixture(scope="module")
def worker(environment: dict[str, str], folder: Path) -> Iterator[RunningGateway]:
    paths = os.pathsep.join(map(str, (skew.HOOK, REPOSITORY / "platform", REPOSITORY)))
    running = gateways.start(
        environment,
        folder / "log",
        EGRESS_ALLOWED_NETWORKS="127.0.0.0/8",
        PYTHONPATH=paths,
        CHAOS_CLOCK=str(skew.create(folder, NAME)),
    )
    yield running
    running.stop()


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_leaves_no_call_open(
    worker: RunningGateway, folder: Path, world: World, upstream: str, hours: int
) -> None:
    world.serve("helper", upstream)
    worker.catch_up()
    address = f"{worker.url}/v1/chat/completions"
    try:
        with httpx.stream("POST", address, headers=world.headers, json=SLOW, timeout=20) as answer:
            lines = answer.iter_lines()
            next(lines)
            skew.set_off(folder, NAME, hours * 3600)
            told = [line for line in lines if line]
    finally:
        skew.set_off(folder, NAME, 0)
    assert told[-1] == "data: [DONE]"
    assert [settled.outcome for settled in settlements(world)] == ["completed"]
