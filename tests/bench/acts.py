"""Acts that must stop calls, and how long each worker goes on serving after them.

A program of its own, run with the environment of the gateway's workers (see `tests.bench.propagation`): reads an
`Order` as JSON from standard input, prints `Measured`.

Each worker is called without a pause, over a connection of its own, from before the act until it refuses. Counted is
from the moment before the commit is sent to the moment a worker's first refusal has arrived: the call under way when
the change takes effect is in it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from http.client import HTTPConnection
from threading import Event

from governance.models import Model, SnapshotAcknowledgement
from governance.services import suspensions
from kit import clock
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tenants.models import ApiKey, ApiKeySecret
from tenants.peppers import peppers
from tenants.services import api_keys
from tests.bench import traffic
from tests.bench.output import say

_PATIENCE_SECONDS = 60.0
_SAID_EVERY = 25


@dataclass(frozen=True, slots=True)
class Order:
    """Which workers, by port; tokens whose keys are to be revoked; how often to suspend the model that streams, and
    how often to do so in the middle of a stream that is to be cut."""

    ports: Sequence[int]
    revoked_tokens: Sequence[str]
    calling_token: str
    suspensions: int
    cuts: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds until refusal: of each act by kind, those of its workers in the order of ports. `cut_ms` likewise,
    until the error event of a stream that ran on each of them.

    `acknowledged_ms` is what the workers themselves wrote down in that time, from the making of a change to the
    deciding by it.
    """

    refused_ms: dict[str, list[list[float]]]
    cut_ms: list[list[float]]
    acknowledged_ms: list[int]


class Prober:
    """Calls one worker again and again."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self.is_serving = Event()

    def until(self, status: int) -> float:
        """Calls until an answer of that status has come; gives the moment. Sets `is_serving` at a success."""
        body = traffic.chat(traffic.STREAM_MODEL)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_SECONDS)) as connection:
            while time.monotonic() < deadline:
                connection.request("POST", "/v1/chat/completions", body, self._headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status == status:
                    return time.monotonic()
                if answer.status == 200:
                    self.is_serving.set()
        raise TimeoutError(f"the worker at {self._port} never answered {status}")


class Stream:
    """A call of one worker that would run for long."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self.runs = Event()

    def until_cut(self) -> float:
        """The moment its error event has come. Raises `RuntimeError` where it ends in another way."""
        body = traffic.chat(traffic.STREAM_MODEL, stream=True)
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_SECONDS)) as connection:
            connection.request("POST", "/v1/chat/completions", body, self._headers)
            answer = connection.getresponse()
            while line := answer.readline():
                self.runs.set()
                if b'"code":"model_suspended"' in line:
                    return time.monotonic()
        raise RuntimeError(f"the stream of the worker at {self._port} was not cut")


class Workers:
    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._threads = ThreadPoolExecutor(len(ports))

    def refused_ms(self, token: str, status: int, act: Callable[[], float]) -> list[float]:
        """How long each worker served after `act`, which gives the moment of its commit."""
        probers = [Prober(port, token) for port in self._ports]
        refusals: list[Future[float]] = [self._threads.submit(prober.until, status) for prober in probers]
        for prober, refusal in zip(probers, refusals, strict=True):
            while not prober.is_serving.wait(0.1):
                if refusal.done():
                    raise RuntimeError(f"refused before the act: {refusal.result()}")
        committed_at = act()
        return [1000 * (refusal.result() - committed_at) for refusal in refusals]

    def cut_ms(self, token: str, act: Callable[[], float]) -> list[float]:
        """How long a stream of each worker went on after `act`, which gives the moment of its commit."""
        streams = [Stream(port, token) for port in self._ports]
        ends: list[Future[float]] = [self._threads.submit(stream.until_cut) for stream in streams]
        for stream, end in zip(streams, ends, strict=True):
            while not stream.runs.wait(0.1):
                if end.done():
                    raise RuntimeError(f"ended before the act: {end.result()}")
        committed_at = act()
        return [1000 * (end.result() - committed_at) for end in ends]

    def serve(self, token: str) -> None:
        """Returns when all of them do."""
        for served in [self._threads.submit(Prober(port, token).until, 200) for port in self._ports]:
            served.result()

    def close(self) -> None:
        self._threads.shutdown()


def measure(order: Order) -> Measured:
    started_at = clock.now()
    key = _key_of(order.calling_token)
    actor = Actor("system", new_id(), key.organization_id)
    with closing(Workers(order.ports)) as workers:
        refused = {
            "revocations": list(_revocations(workers, actor, order.revoked_tokens)),
            "suspensions": list(_suspensions(workers, actor, order)),
        }
        cut = list(_cuts(workers, actor, order))
    return Measured(refused, cut, _acknowledged(started_at))


def _revocations(workers: Workers, actor: Actor, tokens: Sequence[str]) -> Iterator[list[float]]:
    for number, token in enumerate(tokens, 1):
        key = _key_of(token)
        yield workers.refused_ms(token, 401, lambda key=key: _revoke(actor, key))  # type: ignore[misc]
        _say_now_and_then(number, len(tokens), "revocations")


def _suspensions(workers: Workers, actor: Actor, order: Order) -> Iterator[list[float]]:
    """The model is resumed after each, and waited for."""
    model = _streaming_model(actor)
    for number in range(1, order.suspensions + 1):
        yield workers.refused_ms(order.calling_token, 403, lambda: _suspend(actor, model))
        _resume(workers, actor, model, order)
        _say_now_and_then(number, order.suspensions, "suspensions")


def _cuts(workers: Workers, actor: Actor, order: Order) -> Iterator[list[float]]:
    model = _streaming_model(actor)
    for number in range(1, order.cuts + 1):
        yield workers.cut_ms(order.calling_token, lambda: _suspend(actor, model, cuts_calls=True))
        _resume(workers, actor, model, order)
        _say_now_and_then(number, order.cuts, "cuts")


def _streaming_model(actor: Actor) -> Model:
    with within(actor.scope):
        return Model.objects.get(slug=traffic.STREAM_MODEL)


def _resume(workers: Workers, actor: Actor, model: Model, order: Order) -> None:
    with within(actor.scope):
        suspensions.resume(actor=actor, subject=model, reason="measured", now=clock.now())
    workers.serve(order.calling_token)


def _revoke(actor: Actor, key: ApiKey) -> float:
    with within(actor.scope):
        api_keys.revoke(actor=actor, key=key, now=clock.now())
        return time.monotonic()


def _suspend(actor: Actor, model: Model, *, cuts_calls: bool = False) -> float:
    with within(actor.scope):
        suspensions.suspend(actor=actor, subject=model, reason="measured", now=clock.now(), cuts_calls=cuts_calls)
        return time.monotonic()


def _key_of(token: str) -> ApiKey:
    secrets = ApiKeySecret.across_tenants.using("system").select_related("api_key")
    return secrets.get(digest__in=list(peppers().digests(token))).api_key


def _acknowledged(since: datetime) -> list[int]:
    said = SnapshotAcknowledgement.objects.using("system").filter(acknowledged_at__gte=since)
    return list(said.values_list("lag_ms", flat=True))


def _say_now_and_then(number: int, of: int, what: str) -> None:
    if number % _SAID_EVERY == 0:
        say(f"{number} of {of} {what}")


def main() -> None:
    sys.stdout.write(json.dumps(asdict(measure(Order(**json.load(sys.stdin))))))
