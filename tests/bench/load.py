"""Puts one target under load and says what it showed and what it cost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.processes import cost
from tests.bench.target import Request
from tests.bench.window import Window

_SCRIPT = Path(__file__).with_name("wrk.lua")


class LoadFailed(Exception):
    """The load generator itself ended with an error."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """How long and how hard. Of the warm-up only failures are counted."""

    connections: int
    seconds: float
    warm_up_seconds: float


@cache
def wrk() -> str | None:
    return shutil.which("wrk")


def plain(request: Request, stretch: Stretch, watch: Mapping[str, int]) -> Window:
    """Whole JSON answers, from wrk where it is installed: it costs a tenth of our own client."""
    if (program := wrk()) is None:
        return _own(request, stretch, watch)
    with TemporaryDirectory() as directory:
        command = _wrk_command(program, request, stretch.connections, Path(directory))
        warm_up = _wrk(command, stretch.warm_up_seconds) if stretch.warm_up_seconds else {}
        before = {name: cost(pid).cpu_seconds for name, pid in watch.items()}
        seen = _wrk(command, stretch.seconds)
        cpu_seconds = {name: cost(pid).cpu_seconds - before[name] for name, pid in watch.items()}
    return Window(
        seconds=seen["microseconds"] / 1e6,
        requests=seen["requests"],
        refused=seen["refused"] + warm_up.get("refused", 0),
        broken=seen["broken"] + warm_up.get("broken", 0),
        p50_ms=seen["p50"] / 1000,
        p95_ms=seen["p95"] / 1000,
        p99_ms=seen["p99"] / 1000,
        cpu_seconds=cpu_seconds,
    )


def paced(request: Request, stretch: Stretch, watch: Mapping[str, int], per_second: float) -> Window:
    """At most so many calls a second, evenly over the connections."""
    return _own(request, stretch, watch, per_second)


def streams(request: Request, stretch: Stretch, watch: Mapping[str, int]) -> Window:
    """Streamed answers; events are counted as they arrive, streams that began before the stretch included."""
    return _own(request, stretch, watch)


def _wrk_command(program: str, request: Request, connections: int, directory: Path) -> list[str]:
    body, headers, tokens = directory / "body", directory / "headers", directory / "tokens"
    body.write_bytes(request.body)
    headers.write_text("".join(f"{name}: {value}\n" for name, value in request.headers.items()))
    tokens.write_text("".join(f"{token}\n" for token in request.tokens))
    url = f"http://127.0.0.1:{request.port}"
    script = ["-s", str(_SCRIPT), url, "--", request.path, str(body), str(headers), str(tokens)]
    return [program, "-t1", f"-c{connections}", "--timeout", "30s", *script]


def _wrk(command: list[str], seconds: float) -> dict[str, int]:
    """wrk takes whole seconds."""
    done = subprocess.run([*command[:1], f"-d{max(1, round(seconds))}s", *command[1:]], capture_output=True, text=True)
    if done.returncode != 0:
        raise LoadFailed(done.stderr or done.stdout)
    figures: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _own(request: Request, stretch: Stretch, watch: Mapping[str, int], per_second: float = 0.0) -> Window:
    order = {
        "port": request.port,
        "path": request.path,
        "headers": dict(request.headers),
        "tokens": request.tokens,
        "body": request.body.decode(),
        "connections": stretch.connections,
        "seconds": stretch.seconds,
        "warm_up_seconds": stretch.warm_up_seconds,
        "watch": dict(watch),
        "per_second": per_second,
    }
    command = [sys.executable, "-m", "tests.bench.client"]
    done = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True)
    if done.returncode != 0:
        raise LoadFailed(done.stderr)
    return Window(**json.loads(done.stdout))
