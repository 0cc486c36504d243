"""The whole product in processes of its own, for tests that kill some of them: the session's services live on."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import httpx
import psycopg

from gateway.admission.holds import Spending
from kit import clock
from portal.embedded import orphans
from portal.embedded.application import REPOSITORY
from portal.embedded.home import Home
from portal.embedded.programs import started_at
from tests.bench import processes
from tests.bench.processes import free_port
from tests.support import counters
from tests.support.loopback import WITHOUT_TLS

LEASE_SECONDS = 5
SNAPSHOT_SECONDS = 5
_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Seeded:
    """The organisation of the stack, with its administrator's access token; and a key of another one, which no budget
    binds."""

    organization_id: UUID
    key: str
    token: str
    unbudgeted_key: str
    model_ids: dict[str, str]
    budget_ids: tuple[UUID, ...]


@dataclass(slots=True)
class Stack:
    home: Home
    process: subprocess.Popen[bytes]
    url: str
    workers: int
    seeded: Seeded

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.seeded.key}"}

    @property
    def environment(self) -> dict[str, str]:
        published: dict[str, str] = self.home.recall("environment")
        return published

    def books(self) -> psycopg.Connection:
        """As the system's role, which may read the books of everybody."""
        return psycopg.connect(self.environment["DATABASE_URL_SYSTEM"])

    def pid_of(self, program: str) -> int:
        """Of `postgres`, `valkey`, `web` or `tasks`."""
        return orphans.running(self.home)[program]

    def worker_pids(self) -> list[int]:
        """The gateway's workers that have introduced themselves and still run, eldest first."""
        return [pid for pid, _ in self._workers()]

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Until the product says that it can do its work, and each of its workers has looked at the database since."""
        asked_at = clock.now()
        wait_for(lambda: self._is_ready() and self._heard_of_since(asked_at) == self.workers, seconds, "not ready")

    def _workers(self) -> list[tuple[int, datetime]]:
        """Process id and last heartbeat. What runs under the number of a dead worker is no child of the web server."""
        known = "SELECT pid, heartbeat_at FROM governance_gatewayprocess ORDER BY started_at"
        with self.books() as books:
            rows: list[tuple[int, datetime]] = books.execute(known).fetchall()
        web = orphans.running(self.home).get("web", 0)
        return [(pid, heard_at) for pid, heard_at in rows if _is_child(pid, web)]

    def _heard_of_since(self, moment: datetime) -> int:
        try:
            return sum(heard_at > moment for _, heard_at in self._workers())
        except psycopg.OperationalError:
            return 0

    def _is_ready(self) -> bool:
        try:
            answer = httpx.get(f"{self.url}/ready", timeout=5, verify=WITHOUT_TLS)
            return answer.status_code == 200 and bool(answer.json()["redis"]["status"] == "ok")
        except httpx.TransportError:
            return False

    def counted(self) -> list[Spending]:
        """Where each budget stands by the counters."""
        organization_id, budget_ids = self.seeded.organization_id, self.seeded.budget_ids
        return asyncio.run(counters.stands(self.environment, organization_id, budget_ids, lease_seconds=LEASE_SECONDS))


def _is_child(pid: int, parent: int) -> bool:
    try:
        return processes.parent(pid) == parent and started_at(pid) is not None
    except ProcessLookupError:
        return False


def wait_for(condition: Callable[[], bool], seconds: float, what: str = "it did not happen") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@contextmanager
def own_stack(*, workers: int = 2, **settings: str) -> Iterator[Stack]:
    """Started by the product's own command, with an organisation in it; stopped and wiped away at the end.

    Its home is made where the services' account can pass, which it cannot below pytest's `tmp_path`.
    """
    path = Path(tempfile.mkdtemp(prefix="chancery-stack-"))
    path.chmod(0o711)
    port = free_port()
    environment = _environment(path, workers, port, settings)
    log = path / "up.log"
    try:
        with _upstream(environment) as upstream, _launched(environment, log) as process:
            home = Home(path)
            _until_ready(home, process, log)
            stack = Stack(home, process, f"http://127.0.0.1:{port}", workers, _seed(environment, upstream))
            stack.wait_until_ready()
            yield stack
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _environment(home: Path, workers: int, port: int, settings: dict[str, str]) -> dict[str, str]:
    """Nothing of the session's but where programs are found."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **inherited,
        "CHANCERY_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": f"{REPOSITORY / 'platform'}{os.pathsep}{REPOSITORY}",
        "SEED_DEMO": "0",
        "LOCAL_MODEL": "0",
        "PORT": str(port),
        "WEB_WORKERS": str(workers),
        "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "HOLD_LEASE_SECONDS": str(LEASE_SECONDS),
        "SNAPSHOT_MAX_AGE_SECONDS": str(SNAPSHOT_SECONDS),
        **settings,
    }


@contextmanager
def _launched(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=REPOSITORY,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_ready(home: Home, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not home.is_ready(process.pid):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the stack did not start:\n{log.read_text()}")
        time.sleep(0.1)


@contextmanager
def _upstream(environment: dict[str, str]) -> Iterator[str]:
    """The dummy provider as a server of its own: it outlives whatever is killed."""
    port = free_port()
    command = [sys.executable, "-m", "gateway.providers.dummy", "--port", str(port)]
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def _seed(environment: dict[str, str], upstream: str) -> Seeded:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.stack_seed", upstream],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the stack could not be filled:\n{done.stderr}")
    found = json.loads(done.stdout)
    return Seeded(
        UUID(found["organization_id"]),
        found["key"],
        found["token"],
        found["unbudgeted_key"],
        found["model_ids"],
        tuple(UUID(budget) for budget in found["budget_ids"]),
    )
