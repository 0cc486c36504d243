"""Installations of their own, in directories that the services' account can pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.embedded import orphans
from portal.embedded.application import REPOSITORY
from portal.embedded.home import Home


@dataclass(slots=True)
class Launcher:
    """One `manage.py services run`."""

    home: Home
    process: subprocess.Popen[str]

    def output(self) -> str:
        """What it said, once it has ended."""
        return self.process.communicate(timeout=30)[0]

    def until_ready(self) -> None:
        wait_for(lambda: self.home.is_ready(self.process.pid) or self.process.poll() is not None)
        assert self.process.poll() is None, self.output()

    def stop(self) -> str:
        self.process.terminate()
        return self.output()

    def pids(self) -> dict[str, int]:
        return orphans.running(self.home)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@contextmanager
def fresh_home() -> Iterator[Home]:
    path = Path(tempfile.mkdtemp(prefix="chancery-test-"))
    path.chmod(0o711)
    home = Home(path)
    home.create()
    yield home
    shutil.rmtree(path)


@contextmanager
def launcher_of(home: Home) -> Iterator[Callable[..., Launcher]]:
    """Starts the services of `home` by the product's command; all are stopped at the end."""
    launched: list[Launcher] = []

    def start(*, prefix: Sequence[str] = (), python: str = sys.executable, **environment: str) -> Launcher:
        given = ("DATABASE_", "REDIS_URL", "CHANCERY_HOME")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(given)}
        process = subprocess.Popen(
            [*prefix, python, "manage.py", "services", "run"],
            cwd=REPOSITORY,
            env={**inherited, "CHANCERY_HOME": str(home.path), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        launched.append(Launcher(home, process))
        return launched[-1]

    try:
        yield start
    finally:
        for launcher in launched:
            if launcher.process.poll() is None:
                launcher.stop()
            assert launcher.process.stdout is not None
            launcher.process.stdout.close()


@pytest.fixture
def home() -> Iterator[Home]:
    with fresh_home() as home:
        yield home


@pytest.fixture
def launch(home: Home) -> Iterator[Callable[..., Launcher]]:
    with launcher_of(home) as launch:
        yield launch


@pytest.fixture(scope="module")
def running() -> Iterator[Launcher]:
    """For tests that only look."""
    with fresh_home() as home, launcher_of(home) as launch:
        launcher = launch()
        launcher.until_ready()
        yield launcher
