"""Our gateway, everything on: authentication, approval, limits and money held and settled at four levels, inspection,
two durable commits and encrypted bodies per request, on a PostgreSQL and a Valkey of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from uuid import UUID

from tests.bench import bulk, database, traffic
from tests.bench.output import say
from tests.bench.processes import Spawned, StartFailed, free_port
from tests.bench.target import Place, Request, Running, Target
from tests.bench.targets.relay import UVICORN
from tests.support import services

_LIKE_THE_PRODUCT = ("--http", "portal.http_protocol:BoundedHttp", "--lifespan", "on")
_READY_SECONDS = 120.0
# The upstream is on this machine, where the gateway otherwise refuses to connect to.
_OWN = {"CHANCERY_ROLE": "gateway", "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8"}


@dataclass(frozen=True, slots=True)
class Seed:
    """How much a database holds before the run."""

    keys: int = 10
    records: int = 0
    organizations: int = 1


@dataclass(frozen=True, slots=True)
class Prepared:
    """A seeded database, as an environment to run a gateway in and tokens to call it with."""

    environment: Mapping[str, str]
    tokens: tuple[str, ...]


@dataclass(slots=True)
class Installation:
    """The services that all gateways of a run share; each `database` is a clone of the migrated one, seeded once."""

    services: services.Services
    place: Place
    facts: list[str]
    beside: Mapping[str, int]
    prepared: dict[str, Prepared] = field(default_factory=dict)

    def target(self, name: str, seed: Seed, database: str, *, workers: int = 1) -> Target:
        """A gateway over that database, of so many processes behind one port. Targets over the same database belong to
        one installation."""
        return Target(
            name=name,
            does="authenticates, authorizes, inspects, holds and settles, records twice, encrypts",
            start=lambda place: self._start(name, self.prepare(database, seed), place, workers),
            ours=True,
        )

    @contextmanager
    def running(self, database: str, *, workers: int = 1) -> Iterator[Running]:
        """One over a small database of that name, until the block ends."""
        gateway = self.target(f"{database} {workers}", Seed(), database, workers=workers).start(self.place)
        try:
            yield gateway
        finally:
            gateway.stop()

    def prepare(self, name: str, seed: Seed) -> Prepared:
        """The database of that name, cloned and seeded the first time it is asked for."""
        if name not in self.prepared:
            say(f"seeding {name}: {seed.keys:,} API keys, {seed.records:,} records")
            environment = self.services.clone(name)
            seeded = _seed(environment, self.place, seed)
            if seed.records:
                past = bulk.Past(
                    organization_id=UUID(seeded["organization_id"]),
                    team_id=UUID(seeded["team_id"]),
                    project_id=UUID(seeded["project_id"]),
                    api_key_id=UUID(seeded["api_key_id"]),
                    model=traffic.MODEL,
                )
                bulk.write_records(environment["DATABASE_URL_MIGRATOR"], past, seed.records)
            database.warm_up(self.services.admin_url)
            self.prepared[name] = Prepared(environment, tuple(seeded["tokens"]))
        return self.prepared[name]

    def _start(self, name: str, prepared: Prepared, place: Place, workers: int) -> Running:
        port = free_port()
        several = ("--workers", str(workers)) if workers > 1 else ()
        process = Spawned(
            [sys.executable, *UVICORN, *_LIKE_THE_PRODUCT, *several, "--port", str(port), "portal.asgi:application"],
            log=place.home / f"{name.replace(' ', '-')}.log",
            environment={**prepared.environment, **_OWN},
        )
        process.wait_until_listening(port, seconds=_READY_SECONDS)
        _wait_until_ready(process, port)
        plain, stream = traffic.chat(), traffic.chat(traffic.STREAM_MODEL, stream=True)
        return Running(
            pid=process.pid,
            plain=Request(port=port, body=plain, tokens=prepared.tokens),
            stream=Request(port=port, body=stream, tokens=prepared.tokens),
            stop=process.stop,
            beside=self.beside,
        )


@contextmanager
def installed(place: Place) -> Iterator[Installation]:
    """PostgreSQL and Valkey started, migrated and found honest (`database.NotComparable` otherwise); stopped after."""
    running = services.start(place.home / "services")
    try:
        fact = database.require_honest(running.environment["DATABASE_URL_GATEWAY"])
        yield Installation(running, place, [fact], database.beside(running.environment))
    finally:
        running.stop()


def _seed(environment: Mapping[str, str], place: Place, seed: Seed) -> dict[str, Any]:
    ports = {"plain_port": place.upstream.plain_port, "stream_port": place.upstream.stream_port}
    order = {"keys": seed.keys, "organizations": seed.organizations, **ports}
    command = [sys.executable, "-c", "import django; django.setup(); from tests.bench import seed; seed.main()"]
    done = subprocess.run(command, input=json.dumps(order), env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise StartFailed(f"seeding ended with {done.returncode}\n{done.stderr[-3000:]}")
    seeded: dict[str, Any] = json.loads(done.stdout)
    return seeded


def _wait_until_ready(process: Spawned, port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        except (HTTPException, OSError):
            pass
        finally:
            connection.close()
        time.sleep(0.2)
    process.stop()
    raise StartFailed("the gateway listens but is not ready")
