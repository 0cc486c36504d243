"""A real gateway: uvicorn with our ASGI application in a process of its own, on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
from django.db.models import Max

from governance.models import SnapshotChange
from tests.support.loopback import WITHOUT_TLS

METRICS_TOKEN = "whoever-may-see-figures"
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class RunningGateway:
    url: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    _known_version: int = 0

    def post(self, path: str, **request: Any) -> httpx.Response:
        self.catch_up()
        return httpx.post(self.url + path, timeout=30, verify=WITHOUT_TLS, **request)

    def get(self, path: str, **request: Any) -> httpx.Response:
        self.catch_up()
        return httpx.get(self.url + path, timeout=30, verify=WITHOUT_TLS, **request)

    def ready(self) -> dict[str, Any]:
        """With the details."""
        headers = {"authorization": f"Bearer {METRICS_TOKEN}"}
        answer = httpx.get(self.url + "/ready", headers=headers, timeout=5, verify=WITHOUT_TLS)
        told: dict[str, Any] = answer.json()
        return told

    def catch_up(self) -> None:
        """Returns when the gateway decides by everything committed before."""
        newest = SnapshotChange.objects.using("system").aggregate(newest=Max("id"))["newest"] or 0
        deadline = time.monotonic() + 10
        while self._known_version < newest:
            self._known_version = self.ready()["snapshot"]["version"]
            if time.monotonic() > deadline:
                raise RuntimeError(f"the gateway is at {self._known_version}, the database at {newest}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def start(environment: dict[str, str], log: Path, *, port: int | None = None, **settings: str) -> RunningGateway:
    """Returns when it is ready. Raises `RuntimeError` with the end of its log if it does not become so."""
    port = port or free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", "portal.asgi:application", "--host", "127.0.0.1", "--port", str(port)),
        *("--no-access-log", "--no-proxy-headers", "--log-level", "warning"),
        *("--loop", "uvloop", "--http", "portal.http_protocol:BoundedHttp", "--lifespan", "on"),
    ]
    with log.open("ab") as output:
        process = _spawn(
            command,
            {
                **environment,
                "PYTHONPATH": f"{REPOSITORY}/platform:{REPOSITORY}",
                "METRICS_TOKEN": METRICS_TOKEN,
                "RUN_PROBES": "false",  # runs that tests leave behind are nobody's
                **settings,
            },
            output,
        )
    gateway = RunningGateway(f"http://127.0.0.1:{port}", port, process, log)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(gateway.url + "/ready", timeout=5, verify=WITHOUT_TLS).status_code == 200:
                return gateway
        except httpx.TransportError:
            time.sleep(0.05)
    process.kill()
    raise RuntimeError(f"the gateway did not become ready:\n{log.read_text()[-4000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _spawn(command: list[str], environment: dict[str, str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        command, cwd=REPOSITORY, env={**inherited, **environment}, stdout=output, stderr=subprocess.STDOUT
    )
