"""A worker that is stopped while policy changes: nobody is told that it decides by the change, and it does not decide
without it when it goes on."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from governance.models import GatewayProcess, Model
from governance.services import catalogue
from governance.snapshot import acknowledge
from kit import clock
from kit.scoping import within
from tests.support import gateway as gateways
from tests.support.gateway import RunningGateway
from tests.support.stack import wait_for
from tests.support.world import World

# Longer than a worker sleeps between two looks, with the time it may be late.
STOPPED_SECONDS = 4.0
ASKED = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 16}


@pytest.fixture(scope="module")
def two_workers(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningGateway, RunningGateway]]:
    logs = tmp_path_factory.mktemp("workers")
    allowed = {"EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8"}
    first, second = (gateways.start(environment, logs / name, **allowed) for name in ("first", "second"))
    yield first, second
    first.stop()
    second.stop()


@contextmanager
def stopped(worker: RunningGateway) -> Iterator[None]:
    worker.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.process.send_signal(signal.SIGCONT)


def suspend(world: World, model: Model) -> None:
    with within(world.system.scope):
        catalogue.suspend(actor=world.system, subject=model, now=clock.now())


def waited_for(model: Model) -> set[UUID]:
    """Workers that are not known to decide by the last change to the model."""
    return {process.id for process in acknowledge.pending(clock.now(), using="default", object_id=model.id)}


def ids_of(*workers: RunningGateway) -> set[UUID]:
    pids = [worker.process.pid for worker in workers]
    return set(GatewayProcess.objects.using("default").filter(pid__in=pids).values_list("id", flat=True))


def call(client: httpx.Client, world: World) -> tuple[int, str]:
    answer = client.post("/v1/chat/completions", headers=world.headers, json=ASKED)
    return answer.status_code, "" if answer.is_success else answer.json()["error"]["code"]


def test_a_stopped_worker_has_not_acknowledged(
    two_workers: tuple[RunningGateway, RunningGateway], world: World, upstream: str
) -> None:
    running, asleep = two_workers
    model = world.serve("helper", upstream)
    wait_for(lambda: not waited_for(model), 10)

    with stopped(asleep):
        suspend(world, model)
        wait_for(lambda: not waited_for(model) & ids_of(running), 10, "the running worker has not taken it in")
        assert waited_for(model) & ids_of(running, asleep) == ids_of(asleep)

    wait_for(lambda: not waited_for(model), 10, "the other has not caught up")


def test_a_worker_that_was_stopped_does_not_serve_by_what_it_knew(
    two_workers: tuple[RunningGateway, RunningGateway], world: World, upstream: str
) -> None:
    """The call lies in wait for the worker, so that it is the first thing it sees when it goes on."""
    _, asleep = two_workers
    model = world.serve("helper", upstream)
    asleep.catch_up()
    with httpx.Client(base_url=asleep.url, timeout=0.5) as client:
        assert call(client, world) == (200, "")
        with stopped(asleep):
            suspend(world, model)
            time.sleep(STOPPED_SECONDS)
            request = client.build_request("POST", "/v1/chat/completions", headers=world.headers, json=ASKED)
            with suppress(httpx.ReadTimeout):
                client.send(request)
        client.timeout = httpx.Timeout(10)
        assert call(client, world) in {(503, "snapshot_stale"), (403, "model_suspended")}
        wait_for(lambda: call(client, world) == (403, "model_suspended"), 10)
    assert [settled.outcome for settled in settlements(world)] == ["completed"]
