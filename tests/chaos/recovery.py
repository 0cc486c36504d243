"""After the last fault: everything is undone, and nobody lends a hand any more. How long until it all works again?"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx
import redis.asyncio
from redis.exceptions import RedisError

from tests.bench import processes
from tests.chaos import skew
from tests.chaos.books import Books
from tests.chaos.children import gateway_name
from tests.chaos.history import History
from tests.chaos.installation import Installation
from tests.chaos.traffic import Asked, Callers
from tests.support.signals import send

# A dead worker is taken for dead after half a minute of silence and looked for every quarter of one; a silent database
# postpones both. What the counters still hold is asked about once its lease is over, and ten seconds later again.
ADMITTING_SECONDS = 60.0
CLOSED_SECONDS = 120.0


async def undo(installation: Installation, programs: list[str]) -> None:
    """Whatever a fault may have left: it was interrupted, or could not undo itself."""
    installation.disk.free()
    installation.postgres.heal()
    installation.valkey.heal()
    for program in programs:
        pid = installation.pid_of(program)
        for member in processes.tree(pid) if pid else ():
            send(member, signal.SIGCONT)
    for program in programs:
        with suppress(FileNotFoundError):
            skew.set_off(installation.home.run, program, 0.0)
    async with redis.asyncio.Redis.from_url(installation.environment["REDIS_URL"], socket_timeout=5) as client:
        with suppress(RedisError):
            await client.replicaof("NO", "ONE")
            await client.config_set("min-replicas-to-write", "0")


def programs(gateways: int) -> list[str]:
    return [*(gateway_name(number) for number in range(gateways)), "tasks", "valkey", "postgres"]


async def admitting(installation: Installation, callers: Callers, history: History) -> float | None:
    """Seconds until each gateway is ready and answers every organisation by its policy; None: not in time."""

    async def by_gateway(number: int) -> bool:
        return await _is_ready(installation.urls[number]) and all(
            [
                await _admits(callers, Asked(organization, found["keys"][0]), number)
                for organization, found in installation.organizations.items()
            ]
        )

    async def everywhere() -> bool:
        return all(await asyncio.gather(*(by_gateway(number) for number in callers.gateways)))

    return await _seconds_until(everywhere, ADMITTING_SECONDS, history)


async def closed(books: Books, history: History) -> float | None:
    """Seconds until no call is open; None: not in time."""
    return await _seconds_until(books.nothing_is_open, CLOSED_SECONDS, history)


async def _seconds_until(condition: Callable[[], Awaitable[bool]], seconds: float, history: History) -> float | None:
    began = history.now()
    while not await condition():
        if history.now() - began > seconds:
            return None
        await asyncio.sleep(0.25)
    return round(history.now() - began, 1)


async def _admits(callers: Callers, asked: Asked, gateway: int) -> bool:
    call = await callers.call(asked, gateway)
    return call.status in (200, 402, 429)


async def _is_ready(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            return (await client.get(f"{url}/ready")).status_code == 200
    except httpx.TransportError:
        return False
