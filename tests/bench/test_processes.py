from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.processes import Spawned, StartFailed, cost, free_port, tree

BURN_IN_A_CHILD = """
import subprocess, sys, time
subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.5: pass"])
print("done", flush=True)
time.sleep(60)
"""


def test_a_process_is_charged_for_its_children_the_ended_ones_too(tmp_path: Path) -> None:
    spawned = Spawned([sys.executable, "-c", BURN_IN_A_CHILD], log=tmp_path / "log")
    try:
        while "done" not in spawned.log.read_text():
            assert spawned.process.poll() is None
        assert cost(spawned.pid).cpu_seconds >= 0.4
        assert cost(spawned.pid).resident_bytes > 0
    finally:
        spawned.stop()
    assert spawned.process.poll() is not None


def test_the_tree_of_a_process_begins_with_itself(tmp_path: Path) -> None:
    spawned = Spawned([sys.executable, "-c", "import time; time.sleep(60)"], log=tmp_path / "log")
    try:
        assert tree(spawned.pid) == [spawned.pid]
    finally:
        spawned.stop()


def test_a_start_that_fails_tells_the_last_words(tmp_path: Path) -> None:
    spawned = Spawned([sys.executable, "-c", "raise SystemExit('no such model')"], log=tmp_path / "log")

    with pytest.raises(StartFailed, match="no such model"):
        spawned.wait_until_listening(free_port())
