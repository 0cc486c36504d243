"""Web processes on one socket: each is replaced when it ends, all one at a time on SIGHUP. Tried with small programs in
their place, since what they serve does not matter here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.embedded.application import REPOSITORY
from portal.embedded.programs import started_at
from tests.portal.embedded.conftest import wait_for

# Serves where a file says `always`, ends at once where it says `never`; notes its start and its end in another file.
WORKER = """
import os, signal, sys, time
alive, plan, log = int(sys.argv[1]), sys.argv[2], sys.argv[3]
def note(word):
    with open(log, "a") as file: file.write(f"{word} {os.getpid()}\\n")
def leave(*_):
    note("asked")
    time.sleep(0.2)
    note("left")
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
how = open(plan).read().strip()
if how == "never": sys.exit(3)
os.write(alive, b".")
note("serves")
while True:
    time.sleep(0.1)
    os.write(alive, b".")
"""
SUPERVISOR = """
import socket, sys
from portal.embedded import workers
workers._HUNG_SECONDS = float(sys.argv[1])
program = (sys.executable, "-c", sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
try:
    workers.Workers(listener, 2, lambda alive: (*program, str(alive), *sys.argv[3:])).run()
except workers.NeverServed as failure:
    sys.exit(str(failure))
"""


@dataclass(slots=True)
class Running:
    process: subprocess.Popen[str]
    plan: Path
    log: Path

    def noted(self, word: str) -> list[int]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [int(line.split()[1]) for line in lines if line.startswith(f"{word} ")]

    def until_serving(self, starts: int) -> list[int]:
        wait_for(lambda: len(self.noted("serves")) >= starts)
        return self.noted("serves")

    def hang_up(self) -> None:
        self.process.send_signal(signal.SIGHUP)


@pytest.fixture
def running(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    """Two workers. The parameter is their plan, or after how many seconds of silence one counts as hung."""
    plan, log = tmp_path / "plan", tmp_path / "log"
    wanted = getattr(request, "param", "always")
    hung_seconds = wanted if isinstance(wanted, float) else 60
    plan.write_text(wanted if isinstance(wanted, str) else "always")
    command = [sys.executable, "-c", SUPERVISOR, str(hung_seconds), WORKER, str(plan), str(log)]
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'platform'}{os.pathsep}{REPOSITORY}"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        yield Running(process, plan, log)
        if process.poll() is None:
            process.kill()


def test_all_are_asked_to_drain_and_waited_for(running: Running) -> None:
    first = running.until_serving(2)
    running.process.terminate()
    assert running.process.wait(10) == 0
    assert sorted(running.noted("left")) == sorted(first)


def test_one_that_ends_is_replaced(running: Running) -> None:
    victim, other = running.until_serving(2)
    os.kill(victim, signal.SIGKILL)
    third = running.until_serving(3)[2]
    assert third not in (victim, other)
    assert running.noted("asked") == []


@pytest.mark.parametrize("running", [1.5], indirect=True)
def test_one_that_stands_still_is_killed_and_replaced(running: Running) -> None:
    victim, _ = running.until_serving(2)
    os.kill(victim, signal.SIGSTOP)
    running.until_serving(3)
    wait_for(lambda: started_at(victim) is None)


def test_each_successor_serves_before_its_predecessor_is_asked_and_one_goes_at_a_time(running: Running) -> None:
    old = running.until_serving(2)
    running.hang_up()
    wait_for(lambda: len(running.noted("left")) == 2)
    assert sorted(running.noted("left")) == sorted(old)
    order = [line.split()[0] for line in running.log.read_text().splitlines()]
    assert order == ["serves", "serves", *("serves", "asked", "left") * 2]


def test_where_a_successor_does_not_come_up_the_others_stay(running: Running) -> None:
    old = running.until_serving(2)
    running.plan.write_text("never")
    running.hang_up()
    assert running.process.stderr is not None
    assert "did not come up" in next(line for line in running.process.stderr if "did not" in line)
    assert running.noted("asked") == []
    assert [started_at(pid) is None for pid in old] == [False, False]
    assert running.process.poll() is None


@pytest.mark.parametrize("running", ["never"], indirect=True)
def test_workers_that_never_serve_end_the_server(running: Running) -> None:
    stderr = running.process.communicate(timeout=10)[1]
    assert "before it served" in stderr
    assert running.process.returncode == 1
