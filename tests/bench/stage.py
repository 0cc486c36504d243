"""What the programs that look at our gateway alone begin with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import machine, upstream
from tests.bench.machine import Machine
from tests.bench.output import say
from tests.bench.target import Place
from tests.bench.targets import chancery
from tests.bench.targets.chancery import Installation


@dataclass(frozen=True, slots=True)
class Stage:
    """The machine as it was before anything ran, and an installation in front of its own upstream."""

    machine: Machine
    installation: Installation


@contextmanager
def set_up(directory: Path) -> Iterator[Stage]:
    """Everything afresh under `directory`/run; stopped afterwards."""
    home = directory.resolve() / "run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    described = machine.describe(home)
    servers = upstream.start(home)
    try:
        say("starting the database")
        with chancery.installed(Place(home, servers)) as installation:
            yield Stage(described, installation)
    finally:
        servers.stop()
