"""What can go wrong, by the lane it goes wrong in. In a lane one thing goes wrong at a time; lanes know nothing of each
other, so that several parts are broken at once more often than not.

A fault is done and undone by the same coroutine, which is given how long it lasts. It raises `Impossible` where what it
would break is not there, because another fault has just taken it away.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
import redis.asyncio
from redis.exceptions import RedisError

from tests.bench import processes
from tests.chaos import skew
from tests.chaos.children import gateway_name
from tests.chaos.installation import Installation
from tests.chaos.policy import Policy
from tests.chaos.proxy import Proxy
from tests.chaos.traffic import FAILURES
from tests.chaos.workload import Workload
from tests.support.signals import send, standing_still

_HOUR = 3600.0


class Impossible(Exception):
    """What was to be broken is not there, or would not be broken."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to break, and the callers who notice."""

    installation: Installation
    workload: Workload
    policy: Policy


Act = Callable[[Scene, float, random.Random], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """`weight` beside the other kinds of its lane; lasts between `least` and `most` seconds; `rest` follows it."""

    lane: str
    name: str
    act: Act
    weight: int = 2
    least: float = 0.0
    most: float = 0.0
    rest: float = 2.0


def _signalled(program: str, number: signal.Signals) -> Act:
    async def act(scene: Scene, seconds: float, chance: random.Random) -> None:
        send(_pid(scene, program), number)

    return act


def _paused(program: str) -> Act:
    async def act(scene: Scene, seconds: float, chance: random.Random) -> None:
        with standing_still(_pid(scene, program)):
            await asyncio.sleep(seconds)

    return act


def _clock_off(program: str) -> Act:
    async def act(scene: Scene, seconds: float, chance: random.Random) -> None:
        folder = scene.installation.home.run
        skew.set_off(folder, program, chance.choice((-_HOUR, _HOUR)))
        try:
            await asyncio.sleep(seconds)
        finally:
            skew.set_off(folder, program, 0.0)

    return act


def _proxied(lane: str, begin: Callable[[Proxy], None]) -> Act:
    async def act(scene: Scene, seconds: float, chance: random.Random) -> None:
        proxy = scene.installation.postgres if lane == "postgres" else scene.installation.valkey
        begin(proxy)
        try:
            await asyncio.sleep(seconds)
        finally:
            proxy.heal()

    return act


def _slow(proxy: Proxy) -> None:
    proxy.delay = 0.15


async def _flushed(scene: Scene, seconds: float, chance: random.Random) -> None:
    async with _valkey(scene) as client:
        await client.flushall()


async def _read_only(scene: Scene, seconds: float, chance: random.Random) -> None:
    """As after a failover to the other side: it answers, and takes no writes."""
    async with _valkey(scene) as client:
        await client.replicaof("127.0.0.1", "1")
        try:
            await asyncio.sleep(seconds)
        finally:
            await client.replicaof("NO", "ONE")


async def _too_few_replicas(scene: Scene, seconds: float, chance: random.Random) -> None:
    async with _valkey(scene) as client:
        await client.config_set("min-replicas-to-write", "1")
        try:
            await asyncio.sleep(seconds)
        finally:
            await client.config_set("min-replicas-to-write", "0")


async def _sessions_ended(scene: Scene, seconds: float, chance: random.Random) -> None:
    """Some of the product's sessions, as an administrator would end them."""
    query = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE usename LIKE 'chancery%' AND random() < 0.6"""
    try:
        async with await psycopg.AsyncConnection.connect(scene.installation.admin_url, connect_timeout=2) as server:
            await server.execute(query)
    except psycopg.Error as error:
        raise Impossible("no session can be ended") from error


async def _backend_killed(scene: Scene, seconds: float, chance: random.Random) -> None:
    """`kill -9` of one session: PostgreSQL ends all the others and recovers."""
    backends = processes.tree(_pid(scene, "postgres"))[1:]
    if not backends:
        raise Impossible("PostgreSQL has no processes")
    send(chance.choice(backends), signal.SIGKILL)


async def _disk_full(scene: Scene, seconds: float, chance: random.Random) -> None:
    if not scene.installation.disk.is_small:
        raise Impossible("no disk may be mounted here")
    scene.installation.disk.fill()
    try:
        await asyncio.sleep(seconds)
    finally:
        scene.installation.disk.free()


async def _upstream_killed(scene: Scene, seconds: float, chance: random.Random) -> None:
    scene.installation.upstream.stop()
    try:
        await asyncio.sleep(seconds)
    finally:
        scene.installation.upstream.start()


async def _upstream_paused(scene: Scene, seconds: float, chance: random.Random) -> None:
    process = scene.installation.upstream.process
    assert process is not None
    with standing_still(process.pid):
        await asyncio.sleep(seconds)


def _answered_by(script: str) -> Act:
    async def act(scene: Scene, seconds: float, chance: random.Random) -> None:
        await scene.workload.burst(script, streams=chance.random() < 0.5)

    return act


async def _deserted(scene: Scene, seconds: float, chance: random.Random) -> None:
    await scene.workload.desert(chance.randint(1, 5))


async def _key_revoked(scene: Scene, seconds: float, chance: random.Random) -> None:
    if not await scene.policy.revoke_a_key():
        raise Impossible("the change could not be made, or was not in force in time")


async def _model_suspended(scene: Scene, seconds: float, chance: random.Random) -> None:
    if not await scene.policy.suspend_a_model():
        raise Impossible("the change could not be made, or was not in force in time")


def _of_process(program: str, *, rest: float) -> Iterator[Kind]:
    yield Kind(program, "kill -9", _signalled(program, signal.SIGKILL), 3, rest=rest)
    yield Kind(program, "terminate", _signalled(program, signal.SIGTERM), 2, rest=rest)
    yield Kind(program, "pause", _paused(program), 2, 0.5, 5.0, rest=1.0)
    yield Kind(program, "clock", _clock_off(program), 2, 2.0, 6.0, rest=1.0)


def _of_service(lane: str) -> Iterator[Kind]:
    yield Kind(lane, "kill -9", _signalled(lane, signal.SIGKILL), 3, rest=4.0)
    yield Kind(lane, "pause", _paused(lane), 2, 0.5, 4.0)
    yield Kind(lane, "slow", _proxied(lane, _slow), 2, 1.0, 4.0)
    yield Kind(lane, "silent", _proxied(lane, Proxy.fall_silent), 2, 0.5, 4.0)
    yield Kind(lane, "connections reset", _proxied(lane, Proxy.reset), 2)
    yield Kind(lane, "gone", _proxied(lane, Proxy.vanish), 2, 0.5, 4.0)


def kinds(gateways: int) -> list[Kind]:
    """All that can go wrong with so many gateways."""
    found = [kind for number in range(gateways) for kind in _of_process(gateway_name(number), rest=6.0)]
    found += _of_process("tasks", rest=8.0)
    found += _of_service("valkey")
    found += [
        Kind("valkey", "flushed", _flushed, 3),
        Kind("valkey", "terminate", _signalled("valkey", signal.SIGTERM), 2, rest=3.0),
        Kind("valkey", "read-only", _read_only, 2, 0.5, 3.0),
        Kind("valkey", "too few replicas", _too_few_replicas, 2, 0.5, 3.0),
    ]
    found += _of_service("postgres")
    found += [
        Kind("postgres", "immediate shutdown", _signalled("postgres", signal.SIGQUIT), 2, rest=4.0),
        Kind("postgres", "fast shutdown", _signalled("postgres", signal.SIGINT), 2, rest=4.0),
        Kind("postgres", "backend killed", _backend_killed, 2, rest=3.0),
        Kind("postgres", "sessions ended", _sessions_ended, 2),
        Kind("postgres", "disk full", _disk_full, 2, 2.0, 4.0, rest=4.0),
    ]
    found += [Kind("upstream", script, _answered_by(script), 1, rest=0.5) for script in FAILURES]
    found += [
        Kind("upstream", "kill -9", _upstream_killed, 2, 0.2, 2.0, rest=1.0),
        Kind("upstream", "pause", _upstream_paused, 2, 0.5, 4.0, rest=1.0),
        Kind("client", "left in mid-stream", _deserted, rest=1.5),
        Kind("policy", "key revoked", _key_revoked, rest=2.0),
        Kind("policy", "model suspended", _model_suspended, rest=2.0),
    ]
    return found


def _pid(scene: Scene, program: str) -> int:
    pid = scene.installation.pid_of(program)
    if pid is None:
        raise Impossible(f"{program} does not run")
    return pid


@asynccontextmanager
async def _valkey(scene: Scene) -> AsyncIterator[redis.asyncio.Redis]:
    """Past the proxy."""
    url = scene.installation.environment["REDIS_URL"]
    client = redis.asyncio.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    try:
        yield client
    except RedisError as error:
        raise Impossible("Valkey does not answer") from error
    finally:
        await client.aclose()
