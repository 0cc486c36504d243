"""Keeps a worker's snapshot up to date: listens for changes, pulls them, acknowledges them.

`NOTIFY` wakes the keeper within milliseconds of a commit; a pull every second covers a lost notification and
carries the heartbeat. Database work runs on one thread of its own, so that the event loop never waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import UUID

import psycopg
from django.db import Error as DatabaseError
from django.db import connections

from gateway.snapshot.index import Snapshot
from governance.snapshot import acknowledge, changes
from governance.snapshot.changes import Delta
from kit import clock, metrics
from kit.ids import new_id
from tenants.snapshot import GATEWAY

logger = logging.getLogger(__name__)
_propagation = metrics.histogram(
    "chancery_snapshot_propagation_seconds",
    "From a change of policy, by the database's clock, until a worker decides by it.",
    bounds=metrics.SLOW,
).of()
Result = TypeVar("Result")
POLL_SECONDS = 1.0
_PAUSE_SECONDS = 0.2


class Keeper:
    """One per process. `start` returns when the snapshot is complete."""

    def __init__(self, dsn: str) -> None:
        self.process_id: UUID = new_id()
        self.snapshot = Snapshot()
        self.workers = 1  # gateway processes that live, this one included, when the database was asked last
        self._dsn = dsn
        self._last: Delta
        self._is_unsure = False  # what was seen last may have been lost with the server that showed it
        self._woken = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="snapshot")
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self._take_in(changes.load_all)
        await self._in_thread(lambda: acknowledge.introduce(self.process_id, self._last, now=clock.now()))
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._follow())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._in_thread(_disconnect)
        self._thread.shutdown()

    async def _follow(self) -> None:
        while True:
            await self._sleep()
            try:
                await self._refresh()
            except Exception as failure:  # whatever it is, the next look may succeed; until then the snapshot ages
                known = isinstance(failure, DatabaseError)
                logger.warning("snapshot not refreshed: %s", type(failure).__name__, exc_info=not known)
                self._is_unsure = True
                await self._in_thread(_disconnect)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _sleep(self) -> None:
        freshness = self.snapshot.freshness
        freshness.sleeps(POLL_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._woken.wait()
        freshness.wakes()
        self._woken.clear()

    async def _refresh(self) -> None:
        last, is_unsure = self._last, self._is_unsure
        delta = await self._take_in(lambda: changes.pull(last, doubting=is_unsure))
        self._is_unsure = False
        now, version = clock.now(), self.snapshot.version
        if delta.oldest_at is not None:
            _propagation.observe(max(0.0, (now - delta.oldest_at).total_seconds()))
        if delta.version:
            await self._in_thread(lambda: acknowledge.acknowledge(self.process_id, delta, now=now))
        self.workers = await self._in_thread(
            lambda: acknowledge.beat(self.process_id, seen=delta.seen, version=version)
        )

    async def _take_in(self, look: Callable[[], Delta]) -> Delta:
        asked_at = clock.monotonic()
        delta = self._last = await self._in_thread(look)
        self.snapshot.apply(delta, asked_at=asked_at)
        return delta

    async def _listen(self) -> None:
        """LISTEN needs a direct connection: not one through a transaction pooler."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {changes.CHANNEL}")
                    self._woken.set()
                    async for _ in connection.notifies():
                        self._woken.set()
            except psycopg.Error as failure:
                logger.warning("not listening for changes: %s", type(failure).__name__)
            await asyncio.sleep(0.5)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _disconnect() -> None:
    """In the thread whose connection it is: Django keeps one for each."""
    connections[GATEWAY].close()
