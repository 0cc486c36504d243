"""An installation of the product, and everything with which it can be broken."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from portal.embedded import orphans, postgres
from portal.embedded.application import REPOSITORY
from portal.embedded.home import Home
from tests.bench.processes import free_port
from tests.chaos import disk
from tests.chaos.disk import Disk
from tests.chaos.proxy import Proxy

LEASE_SECONDS = 5
SNAPSHOT_SECONDS = 5
IDLE_SECONDS = 3
TOTAL_SECONDS = 8
_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


class NotStarted(Exception):
    """The message ends with what it said."""


@dataclass(slots=True)
class Upstream:
    """The dummy provider as a server of its own, started again where it was killed."""

    environment: dict[str, str]
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        command = [sys.executable, "-m", "gateway.providers.dummy", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=REPOSITORY, env=self.environment, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Installation:
    home: Home
    ports: list[int]
    postgres: Proxy
    valkey: Proxy
    upstream: Upstream
    disk: Disk
    organizations: dict[str, Any]

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    @property
    def environment(self) -> dict[str, str]:
        """Of the services themselves, past the proxies."""
        published: dict[str, str] = self.home.recall("environment")
        return published

    @property
    def settings(self) -> dict[str, str]:
        """For acts of governance in a process that is not one of its own."""
        own = {"CHANCERY_HOME": str(self.home.path), "SNAPSHOT_MAX_AGE_SECONDS": str(SNAPSHOT_SECONDS)}
        return {**self.environment, **own, "DJANGO_SETTINGS_MODULE": "portal.settings"}

    @property
    def admin_url(self) -> str:
        return postgres.configure(self.home).admin_url

    def pid_of(self, program: str) -> int | None:
        """None while it is being started."""
        return orphans.running(self.home).get(program)


@asynccontextmanager
async def started(gateways: int) -> AsyncIterator[Installation]:
    """Wiped away at the end. Its home is made where the services' account can pass."""
    path = Path(tempfile.mkdtemp(prefix="chancery-chaos-"))
    path.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, path, ignore_errors=True)
        small = stack.enter_context(disk.mounted(path))
        home = Home(path)
        services = _Addresses(home)
        database, valkey = Proxy(services.postgres), Proxy(services.valkey)
        await database.start()
        await valkey.start()
        environment = _environment(path)
        upstream = Upstream(environment, free_port())
        upstream.start()
        stack.callback(upstream.stop)
        ports = [free_port() for _ in range(gateways)]
        process = _launch(environment, ports, database.port, valkey.port)
        try:
            await _until_ready(home, process)
            organizations = await asyncio.to_thread(_seed, environment, upstream.url)
            yield Installation(home, ports, database, valkey, upstream, small, organizations)
        finally:
            process.terminate()
            await asyncio.to_thread(_ended, process)
            await database.stop()
            await valkey.stop()


class _Addresses:
    """The unix sockets of the services, which are known once these run."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._published: dict[str, str] = {}

    def postgres(self) -> str:
        return f"{parse_qs(urlsplit(self._url('DATABASE_URL')).query)['host'][0]}/.s.PGSQL.5432"

    def valkey(self) -> str:
        return unquote(urlsplit(self._url("REDIS_URL")).path)

    def _url(self, name: str) -> str:
        self._published = self._published or self._home.recall("environment")
        return self._published[name]


def _environment(home: Path) -> dict[str, str]:
    """Nothing of the shell's but where programs are found."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **inherited,
        "CHANCERY_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": f"{REPOSITORY / 'platform'}{os.pathsep}{REPOSITORY}",
        "LOCAL_MODEL": "0",
        "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "HOLD_LEASE_SECONDS": str(LEASE_SECONDS),
        "SNAPSHOT_MAX_AGE_SECONDS": str(SNAPSHOT_SECONDS),
        "UPSTREAM_IDLE_SECONDS": str(IDLE_SECONDS),
        "UPSTREAM_TOTAL_SECONDS": str(TOTAL_SECONDS),
    }


def _launch(environment: dict[str, str], ports: list[int], postgres: int, valkey: int) -> subprocess.Popen[bytes]:
    command = [
        *(sys.executable, "-m", "tests.chaos.children", "--ports", ",".join(map(str, ports))),
        *("--postgres", str(postgres), "--valkey", str(valkey)),
    ]
    log = _log(Path(environment["CHANCERY_HOME"]))
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=subprocess.STDOUT)


def _log(home: Path) -> Path:
    return home / "children.log"


async def _until_ready(home: Home, process: subprocess.Popen[bytes]) -> None:
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while not home.is_ready(process.pid):
        if process.poll() is not None or asyncio.get_running_loop().time() > deadline:
            raise NotStarted(_log(home.path).read_text())
        await asyncio.sleep(0.1)


def _ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _seed(environment: dict[str, str], upstream: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.chaos.seed", upstream]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise NotStarted(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
