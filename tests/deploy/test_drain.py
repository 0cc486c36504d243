"""A web process that is asked to stop: told at once to whoever balances load, felt by nobody who calls."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from portal.embedded.application import REPOSITORY
from tests.support.gateway import free_port
from tests.support.ledger import records, settlement_of
from tests.support.stack import wait_for
from tests.support.world import World

ASKED = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 256}
STREAM = {**ASKED, "stream": True, "metadata": {"dummy": "tokens=60 latency_ms=10 interval_ms=50"}}
ENDLESS = {**ASKED, "stream": True, "metadata": {"dummy": "tokens=250 latency_ms=10 interval_ms=200"}}


@dataclass(slots=True)
class Web:
    url: str
    process: subprocess.Popen[bytes]

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def ready(self) -> int:
        try:
            return httpx.get(f"{self.url}/ready", timeout=5).status_code
        except httpx.TransportError:
            return 0


@contextmanager
def serving(environment: dict[str, str], home: Path, **settings: str) -> Iterator[Web]:
    """A gateway that was given nothing of the portal's, started as a container starts it."""
    port = free_port()
    of_the_portal = ("DATABASE_URL", "DATABASE_URL_SYSTEM", "DATABASE_URL_MIGRATOR", "SECRET_KEY")
    given = {name: value for name, value in environment.items() if name not in of_the_portal}
    keystore = str(Path(environment["CHANCERY_HOME"]) / "keystore")
    own = {"CHANCERY_HOME": str(home), "KEYSTORE_DIR": keystore, "CHANCERY_ROLE": "gateway", "PORT": str(port)}
    allowed = {"EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8"}
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.embedded.web"], cwd=REPOSITORY, env={**given, **own, **allowed, **settings}
    )
    web = Web(f"http://127.0.0.1:{port}", process)
    try:
        wait_for(lambda: web.ready() == 200, 40, "it did not become ready")
        yield web
    finally:
        process.kill()
        process.wait()


def test_a_process_that_drains_says_so_serves_on_and_ends_well(
    environment: dict[str, str], world: World, upstream: str, tmp_path: Path
) -> None:
    world.serve("helper", upstream)
    with serving(environment, tmp_path, DRAIN_NOTICE_SECONDS="2") as web:
        events = asyncio.run(_through_the_drain(web, world))
        assert web.process.wait(20) == 0
    assert events[-1] == "data: [DONE]"
    assert len(events) > 60
    assert settlement_of(world, None).outcome == "completed"


async def _through_the_drain(web: Web, world: World) -> list[str]:
    """A stream that began before; meanwhile readiness, a call on a connection of before, one on a new connection."""
    url = "/v1/chat/completions"
    async with httpx.AsyncClient(base_url=web.url, headers=world.headers, timeout=30) as client:
        assert (await client.post(url, json=ASKED)).status_code == 200
        async with client.stream("POST", url, json=STREAM) as answer:
            lines = answer.aiter_lines()
            events = [await anext(lines)]
            web.ask_to_stop()
            await asyncio.sleep(0.3)
            async with httpx.AsyncClient(base_url=web.url, headers=world.headers, timeout=30) as other:
                for each in (client, other):
                    served = await each.post(url, json=ASKED)
                    assert (served.status_code, served.headers["connection"]) == (200, "close")
                ready = await other.get("/ready")
            assert (ready.status_code, ready.json()) == (503, {"status": "draining"})
            return events + [line async for line in lines if line]


@pytest.mark.parametrize("how", ["time", "signal"])
def test_what_does_not_end_is_cut_off_and_on_record(
    environment: dict[str, str], world: World, upstream: str, tmp_path: Path, how: str
) -> None:
    """After DRAIN_SECONDS, or when asked a second time."""
    world.serve("helper", upstream)
    seconds = {"time": "1", "signal": "600"}[how]
    with serving(environment, tmp_path, DRAIN_SECONDS=seconds) as web:
        asked = httpx.Client(base_url=web.url, headers=world.headers, timeout=30)
        with asked, asked.stream("POST", "/v1/chat/completions", json=ENDLESS) as answer:
            lines = answer.iter_lines()  # which ends the call when it is forgotten
            next(lines)
            web.ask_to_stop()
            if how == "signal":
                time.sleep(0.5)
                assert web.process.poll() is None
                web.ask_to_stop()
            assert web.process.wait(20) == 0
            *_, last = (line for line in lines if line)
            request_id = answer.headers["x-request-id"]
    assert '"code":"server_stopping"' in last
    settled = settlement_of(world, request_id)
    assert (settled.outcome, settled.cost_nano_usd < settled.held_nano_usd) == ("failed", True)


def test_a_call_without_an_answer_yet_is_told_to_try_again(
    environment: dict[str, str], world: World, upstream: str, tmp_path: Path
) -> None:
    world.serve("helper", upstream)
    asked = {**ASKED, "metadata": {"dummy": "latency_ms=20000"}}
    with serving(environment, tmp_path, DRAIN_SECONDS="1") as web, ThreadPoolExecutor(1) as pool:
        url = f"{web.url}/v1/chat/completions"
        asking = pool.submit(httpx.post, url, headers=world.headers, json=asked, timeout=30)
        wait_for(lambda: len(records(world, "requested")) == 1, 10)
        web.ask_to_stop()
        answer = asking.result()
        assert web.process.wait(20) == 0
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "server_stopping")
    assert answer.headers["retry-after"] == "1"
    assert settlement_of(world, answer.headers["x-request-id"]).outcome == "failed"
