"""A worker that is stopped while policy changes: nobody is told that it decides by the change, and it does not decide
without it when it goes on."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection

import pytest

from governance.models import Model
from governance.services import suspensions
from governance.snapshot import acknowledge
from kit import clock
from kit.scoping import within
from tests.support import gateway as gateways
from tests.support.gateway import RunningGateway
from tests.support.ledger import settlements
from tests.support.stack import wait_for
from tests.support.world import World

Pair = tuple[RunningGateway, RunningGateway]
# Longer than a worker sleeps between two looks, with the time it may be late.
STOPPED_SECONDS = 4.0
ASKED = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 16}


@pytest.fixture(scope="module")
def two_workers(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    logs = tmp_path_factory.mktemp("workers")
    first, second = (
        gateways.start(environment, logs / name, EGRESS_ALLOWED_NETWORKS="127.0.0.0/8") for name in ("first", "second")
    )
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
        suspensions.suspend(actor=world.system, subject=model, reason="for tests", now=clock.now())


def waited_for(model: Model, *workers: RunningGateway) -> set[int]:
    """Process ids of those workers that are not known to decide by the last change to the model."""
    pids = {worker.process.pid for worker in workers}
    pending = acknowledge.pending(clock.now(), using="default", object_id=model.id)
    return pids & {process.pid for process in pending}


def send(worker: RunningGateway, world: World) -> HTTPConnection:
    """A call that lies in wait: a worker that is stopped still has its connections accepted, and finds them later."""
    connection = HTTPConnection("127.0.0.1", worker.port, timeout=15)
    connection.request("POST", "/v1/chat/completions", json.dumps(ASKED), world.headers)
    return connection


def answer_to(connection: HTTPConnection) -> tuple[int, str]:
    with closing(connection):
        answer = connection.getresponse()
        content = json.loads(answer.read())
        return answer.status, content["error"]["code"] if "error" in content else ""


def test_a_stopped_worker_has_not_acknowledged(two_workers: Pair, world: World, upstream: str) -> None:
    running, asleep = two_workers
    model = world.serve("helper", upstream)
    wait_for(lambda: not waited_for(model, running, asleep), 10)

    with stopped(asleep):
        suspend(world, model)
        wait_for(lambda: not waited_for(model, running), 10, "the running worker has not taken it in")
        assert waited_for(model, running, asleep) == {asleep.process.pid}

    wait_for(lambda: not waited_for(model, running, asleep), 10, "the stopped one has not caught up")


def test_a_worker_that_was_stopped_does_not_serve_by_what_it_knew(
    two_workers: Pair, world: World, upstream: str
) -> None:
    _, asleep = two_workers
    model = world.serve("helper", upstream)
    asleep.catch_up()
    assert answer_to(send(asleep, world)) == (200, "")

    with stopped(asleep):
        suspend(world, model)
        time.sleep(STOPPED_SECONDS)
        in_wait = [send(asleep, world) for _ in range(8)]

    assert {answer_to(call) for call in in_wait} <= {(503, "snapshot_stale"), (403, "model_suspended")}
    wait_for(lambda: answer_to(send(asleep, world)) == (403, "model_suspended"), 10)
    assert [settled.outcome for settled in settlements(world)] == ["completed"]
