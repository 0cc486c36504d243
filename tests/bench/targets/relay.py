"""The reference row: a bare relay on uvicorn, one worker."""

from __future__ import annotations

import sys

from tests.bench import traffic
from tests.bench.processes import Spawned, free_port
from tests.bench.target import Place, Request, Running, Target

UVICORN = (
    "-m",
    "uvicorn",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
    "--log-level",
    "warning",
    "--no-proxy-headers",
)


def _start(place: Place) -> Running:
    port = free_port()
    process = Spawned(
        [sys.executable, *UVICORN, "--port", str(port), "tests.bench.targets.relay_app:application"],
        log=place.home / "relay.log",
        environment={
            "PLAIN_PORT": str(place.upstream.plain_port),
            "STREAM_PORT": str(place.upstream.stream_port),
        },
    )
    process.wait_until_listening(port)
    return Running(
        pid=process.pid,
        plain=Request(port=port, body=traffic.chat()),
        stream=Request(port=port, body=traffic.chat(stream=True), path="/stream/v1/chat/completions"),
        stop=process.stop,
    )


def target() -> Target:
    return Target(name="bare relay", does="forwards bytes, nothing else", start=_start)
