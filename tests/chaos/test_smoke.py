"""A few faults on an installation of its own; the whole of it is `make chaos`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.gateway import REPOSITORY

FAULTS = 8
# The calls of a worker that was killed are closed after half a minute, which is for `tests/faults` to wait for.
LANES = "tasks,valkey,postgres,upstream,client"


def test_a_broken_installation_keeps_its_books(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.chaos", "--seed", "118", "--faults", str(FAULTS), "--lanes", LANES),
            *("--gateways", "1", "--directory", str(tmp_path)),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads((tmp_path / "seed-118.json").read_text())
    assert sum(said["faults"].values()) + sum(said["impossible"].values()) == FAULTS
    assert any(fault.startswith("tasks: ") for fault in said["faults"])
    assert said["calls"]["ok"] > 20
