"""Fixtures of the tests that work on a database or call a gateway."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import cast, recorder
from tests.support import gateway as gateways
from tests.support import world as worlds
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway
from tests.support.recorder import Recorder
from tests.support.world import World

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def world() -> World:
    return worlds.build()


@pytest.fixture
def other_world() -> World:
    return worlds.build()


@pytest.fixture
def twin() -> World:
    """A third organisation, set up like `world` to learn from it what `world` must not be touched for."""
    return worlds.build()


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """What a process of the product needs to work on this worker's database."""
    return dict(os.environ)


@pytest.fixture(scope="session")
def upstream() -> Iterator[str]:
    """The dummy provider as a server of its own; gives its base URL."""
    port = gateways.free_port()
    command = [sys.executable, "-m", "gateway.providers.dummy", "--port", str(port)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield f"http://127.0.0.1:{port}/v1"
        process.terminate()


@pytest.fixture
def echo_upstream() -> Iterator[Recorder]:
    with recorder.recording() as server:
        yield server


@pytest.fixture(scope="session")
def gateway(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """One gateway for all tests of this worker."""
    log = tmp_path_factory.mktemp("gateway") / "log"
    running = gateways.start(environment, log, EGRESS_ALLOWED_NETWORKS="127.0.0.0/8")
    yield running
    running.stop()


@pytest.fixture
def acme() -> Cast:
    """An organisation with everybody in it, for the portal's tests."""
    return cast.assemble()
