"""`kill -9` of PostgreSQL under load. A server of this module's own, since others work on the session's."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from audit.ledger.append import Writer
from kit.errors import Unavailable
from portal.embedded import bootstrap, postgres, programs
from portal.embedded.home import Home
from tests.audit.rows import Tenant, outcome_of, requested

REPOSITORY = Path(__file__).resolve().parents[2]


class Server:
    """A PostgreSQL that can be killed and started again, with the ledger's tables in it."""

    def __init__(self, home: Home) -> None:
        self._configured = postgres.configure(home)
        self._log = (home.logs / "postgres.log").open("wb")
        self._process = self._spawn()

    async def start(self) -> None:
        """Started anew until it stays: what is left of a killed one may still hold its shared memory."""
        async with asyncio.timeout(30):
            while not postgres.is_ready(self._configured.admin_url):
                if self._process.poll() is not None:
                    self._process = self._spawn()
                await asyncio.sleep(0.02)

    def migrate(self) -> bootstrap.RoleUrls:
        passwords = dict.fromkeys(bootstrap.LOGINS, "secret")
        urls = bootstrap.bootstrap(self._configured.admin_url, passwords).urls
        migrated = subprocess.run(
            [sys.executable, "manage.py", "migrate", "audit", "--database", "migrator", "--verbosity", "0"],
            cwd=REPOSITORY,
            env={**os.environ, **urls.environment()},
            capture_output=True,
            text=True,
        )
        assert migrated.returncode == 0, migrated.stderr
        return urls

    def _spawn(self) -> subprocess.Popen[bytes]:
        return programs.spawn(self._configured.program, self._log)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self._process.send_signal(self._configured.program.stop_signal)
        self._process.wait()
        self._log.close()


@pytest.fixture
def server() -> Iterator[Server]:
    # Not below pytest's tmp_path: PostgreSQL runs without root's privileges and must be able to pass.
    with tempfile.TemporaryDirectory(prefix="chancery-ledger-") as directory:
        home = Home(Path(directory))
        Path(directory).chmod(0o711)
        home.create()
        running = Server(home)
        yield running
        running.close()


@dataclass
class Seen:
    """What callers were told."""

    requested: set[UUID] = field(default_factory=set)
    settled: set[UUID] = field(default_factory=set)
    refused: int = 0


async def call_until(stop: asyncio.Event, writer: Writer, tenant: Tenant, seen: Seen) -> None:
    while not stop.is_set():
        row = requested(tenant)
        try:
            await writer.requested(row)
            seen.requested.add(row.id)
            await writer.outcome(outcome_of(row))
            seen.settled.add(row.id)
        except Unavailable:
            seen.refused += 1
        await asyncio.sleep(0)


async def test_nothing_acknowledged_is_lost_and_the_writer_comes_back(server: Server, tenant: Tenant) -> None:
    await server.start()
    urls = server.migrate()
    seen, stop = Seen(), asyncio.Event()
    async with Writer(urls.gateway, patience_seconds=1.0) as writer:
        callers = [asyncio.create_task(call_until(stop, writer, tenant, seen)) for _ in range(32)]
        for _ in range(2):
            await asyncio.sleep(0.3)
            server.kill()
            await asyncio.sleep(0.1)
            await server.start()
            done, deadline = len(seen.settled), time.monotonic() + 10
            while len(seen.settled) < done + 50:
                assert time.monotonic() < deadline, "the writer did not come back"
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.gather(*callers)

    with psycopg.connect(urls.system) as connection:
        records = connection.execute(
            "SELECT request_id, kind FROM audit_record WHERE organization_id = %s", [tenant.id]
        )
        kinds: dict[UUID, list[str]] = {}
        for request_id, kind in records:
            kinds.setdefault(request_id, []).append(kind)
        settled = {row[0] for row in connection.execute("SELECT request_id FROM audit_settlement")}
    assert seen.requested <= kinds.keys()
    assert seen.settled <= settled
    assert all(sorted(found) in (["completed", "requested"], ["failed", "requested"]) for found in kinds.values())
