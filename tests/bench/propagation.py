"""How soon every worker stops serving what has been suspended or revoked, under load and with many keys.

    python -m tests.bench.propagation [--acts N] [--cuts N] [--keys N] [--workers N]

Prints the times, the bar and what a snapshot of that size costs a worker; keeps every sample under `.bench/results/`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from tests.bench import load, stage
from tests.bench.load import Stretch
from tests.bench.machine import Machine
from tests.bench.output import say
from tests.bench.peers import DEFAULT_DIRECTORY
from tests.bench.processes import StartFailed, cost
from tests.bench.propagation_report import Run, Worker, markdown, write_json
from tests.bench.target import Place, Running
from tests.bench.targets.chancery import Installation, Seed
from tests.bench.window import Window

# Sixteen connections on four workers: more than two cores can serve at once.
_LOAD = Stretch(connections=4, seconds=5, warm_up_seconds=0)
_FEW_KEYS = Seed()
_LONG = {"events": 300, "milliseconds": 100}  # of a stream that is to be cut


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench.propagation", description=__doc__)
    parser.add_argument("--acts", type=int, default=200, help="half of them revocations, half suspensions")
    parser.add_argument("--cuts", type=int, default=20, help="suspensions that cut a running stream on every worker")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where results are")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    with stage.set_up(options.directory) as ready:
        gateway = ready.installation
        gateway.place.upstream.pace(**_LONG)
        sizes = {"keys": options.keys, "workers": options.workers, "acts": options.acts, "cuts": options.cuts}
        run = measure(gateway, gateway.place, ready.machine, **sizes)
    sys.stdout.write(markdown(run))
    say(f"samples are in {write_json(run, options.directory / 'results')}")
    return 1 if run.problems else 0


def measure(
    gateway: Installation, place: Place, described: Machine, *, keys: int, workers: int, acts: int, cuts: int
) -> Run:
    with ExitStack() as stack:
        small, _ = _start(gateway, place, stack, "few keys", _FEW_KEYS)
        many = [_start(gateway, place, stack, f"worker {n}", Seed(keys=keys)) for n in range(1, workers + 1)]
        running = [one for _, one in many]
        tokens = running[0].plain.tokens
        victims, callers = tokens[: acts // 2], tokens[acts // 2 :]
        order = {
            "ports": [one.plain.port for one in running],
            "revoked_tokens": victims,
            "calling_token": callers[0],
            "suspensions": acts - len(victims),
            "cuts": cuts,
        }
        with _under_load(running, callers) as windows:
            measured = _act(gateway.prepared[_database(Seed(keys=keys))].environment, order)
        started = [small, *(replace(worker, resident_mb_at_end=_resident_mb(one)) for worker, one in many)]
    return Run(described, measured["refused_ms"], measured["cut_ms"], measured["acknowledged_ms"], started, windows)


def _database(seed: Seed) -> str:
    return f"bench_keys_{seed.keys}"


def _start(gateway: Installation, place: Place, stack: ExitStack, name: str, seed: Seed) -> tuple[Worker, Running]:
    target = gateway.target(name, seed, _database(seed))
    gateway.prepare(_database(seed), seed)
    began = time.monotonic()
    running = target.start(place)
    stack.callback(running.stop)
    worker = Worker(seed.keys, time.monotonic() - began, _resident_mb(running), _resident_mb(running))
    say(f"{name}: ready after {worker.ready_seconds:.1f} s")
    return worker, running


def _resident_mb(running: Running) -> float:
    return cost(running.pid).resident_bytes / 1e6


@contextmanager
def _under_load(workers: Sequence[Running], tokens: Sequence[str]) -> Iterator[list[Window]]:
    """Every worker is kept busy; the windows of the load are complete when the block has been left."""
    windows: list[Window] = []
    enough = Event()

    def keep_busy(worker: Running) -> None:
        request = replace(worker.plain, tokens=tuple(tokens))
        while not enough.is_set():
            windows.append(load.plain(request, _LOAD, {}))

    with ThreadPoolExecutor(len(workers)) as threads:
        loads = [threads.submit(keep_busy, worker) for worker in workers]
        try:
            time.sleep(_LOAD.seconds)
            yield windows
        finally:
            enough.set()
        for one in loads:
            one.result()


def _act(environment: Mapping[str, str], order: Mapping[str, object]) -> dict[str, Any]:
    command = [sys.executable, "-c", "import django; django.setup(); from tests.bench import acts; acts.main()"]
    done = subprocess.run(command, input=json.dumps(order), env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise StartFailed(f"the acts ended with {done.returncode}")
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


if __name__ == "__main__":
    sys.exit(main())
