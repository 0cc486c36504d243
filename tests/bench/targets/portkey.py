"""Portkey's gateway: one Node process without its console, told per request where to forward to."""

from __future__ import annotations

from pathlib import Path

from tests.bench import traffic
from tests.bench.processes import Spawned, free_port
from tests.bench.target import Place, Request, Running, Target


def _request(port: int, upstream_port: int, body: bytes) -> Request:
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"http://127.0.0.1:{upstream_port}/v1"}
    return Request(port=port, body=body, headers=headers, tokens=("sk-upstream",))


def _start(script: Path, place: Place) -> Running:
    port = free_port()
    process = Spawned(
        ["node", script.resolve(), f"--port={port}", "--headless"],
        log=place.home / "portkey.log",
        environment={"NODE_ENV": "production"},
    )
    process.wait_until_listening(port)
    return Running(
        pid=process.pid,
        plain=_request(port, place.upstream.plain_port, traffic.chat()),
        stream=_request(port, place.upstream.stream_port, traffic.chat(stream=True)),
        stop=process.stop,
    )


def target(script: Path) -> Target:
    """`script` is the package's `build/start-server.js`."""
    return Target(name="Portkey gateway", does="forwards", start=lambda place: _start(script, place))
